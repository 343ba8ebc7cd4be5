// A select that searches: a button, and a list that opens under it. Works with mouse, keyboard and screen reader.

import { fill, h, icon } from "./dom.js";
import { plainText } from "./mrkdwn.js";

let count = 0;

// `source(query)` resolves to groups [{label, options: [{value, text, description}]}].
// `chosen(options)` is called with the options that are selected from then on.
export function combobox({ label, placeholder, selected, many, source, chosen, least = 0 }) {
  const id = `combobox-${(count += 1)}`;
  let current = [...(selected || [])];
  let found = [];
  let active = -1;
  let open = false;
  let turn = 0;

  const value = h("span", { class: "combo-value" });
  const button = h("button", { type: "button", class: "combo-button", "aria-haspopup": "listbox", "aria-expanded": "false", onclick: () => (open ? hide() : show()) }, value, icon("chevron", 16));
  const search = h("input", { type: "text", class: "combo-search", role: "combobox", "aria-label": `Search ${label}`, "aria-autocomplete": "list", "aria-controls": id, "aria-expanded": "true", placeholder: "Search", autocomplete: "off" });
  const list = h("ul", { id, class: "combo-list", role: "listbox", "aria-label": label, "aria-multiselectable": many ? "true" : null });
  const popup = h("div", { class: "combo-popup", hidden: true }, search, list);
  const root = h("div", { class: "combo" }, button, popup);

  function showValue() {
    fill(value, current.length ? current.map((option) => h("span", { class: many ? "chip" : null }, plainText(option.text))) : h("span", { class: "muted" }, placeholder || "Choose"));
    button.setAttribute("aria-label", `${label}: ${current.length ? current.map((option) => option.text.text).join(", ") : placeholder || "Choose"}`);
  }

  async function show() {
    open = true;
    popup.hidden = false;
    button.setAttribute("aria-expanded", "true");
    popup.classList.toggle("above", root.getBoundingClientRect().bottom + 280 > innerHeight && root.getBoundingClientRect().top > 280);
    search.value = "";
    search.focus();
    await query();
  }

  function hide() {
    open = false;
    popup.hidden = true;
    button.setAttribute("aria-expanded", "false");
  }

  async function query() {
    const mine = (turn += 1);
    if (search.value.length < least) return fill(list, h("li", { class: "combo-note" }, `Type at least ${least} characters`));
    fill(list, h("li", { class: "combo-note" }, "Loading…"));
    let groups;
    try {
      groups = await source(search.value);
    } catch (error) {
      if (mine === turn) fill(list, h("li", { class: "combo-note error" }, `The app did not offer any options (${error.message})`));
      return undefined;
    }
    if (mine !== turn) return undefined;
    found = groups.flatMap((group) => group.options);
    active = found.length ? 0 : -1;
    return draw(groups);
  }

  function draw(groups) {
    let at = 0;
    const rows = groups.flatMap((group) => [group.label && h("li", { class: "combo-group", role: "presentation" }, group.label), ...group.options.map((option) => row(option, at++))]);
    fill(list, found.length ? rows : h("li", { class: "combo-note" }, "Nothing found"));
    move(active);
  }

  function row(option, index) {
    const mine = current.some((each) => each.value === option.value);
    return h(
      "li",
      { id: `${id}-${index}`, role: "option", class: "combo-option", "aria-selected": mine ? "true" : "false", onmousedown: (event) => event.preventDefault(), onclick: () => pick(index) },
      h("span", {}, plainText(option.text), option.description && h("small", { class: "muted" }, plainText(option.description))),
      mine && icon("check", 16),
    );
  }

  function move(index) {
    active = index;
    for (const item of list.querySelectorAll(".combo-option")) item.classList.remove("active");
    const item = document.getElementById(`${id}-${index}`);
    if (!item) return search.removeAttribute("aria-activedescendant");
    item.classList.add("active");
    item.scrollIntoView({ block: "nearest" });
    return search.setAttribute("aria-activedescendant", item.id);
  }

  function pick(index) {
    const option = found[index];
    if (!option) return;
    if (many) {
      const without = current.filter((each) => each.value !== option.value);
      current = without.length < current.length ? without : [...current, option];
      query();
    } else {
      current = [option];
      hide();
      button.focus();
    }
    showValue();
    chosen(current);
  }

  search.addEventListener("input", query);
  popup.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (found.length) move((active + step + found.length) % found.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      pick(active);
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      hide();
      button.focus();
    }
  });
  root.addEventListener("focusout", (event) => {
    if (!root.contains(event.relatedTarget)) hide();
  });
  showValue();
  return root;
}
