// Interactive elements. `context.act(element, block, value)` does what using one means;
// `context.values` holds what was put into inputs, by block id and action id.

import { combobox } from "./combobox.js";
import { announce, fill, h, icon } from "./dom.js";
import { pickFiles } from "./filefield.js";
import { plainText, textObject } from "./mrkdwn.js";
import { humans, personName, store } from "./store.js";

export function element(spec, block, context) {
  if (spec.type === "button" || spec.type === "workflow_button") return button(spec, block, context);
  if (spec.type === "icon_button") return iconAction(spec, block, context);
  if (spec.type === "feedback_buttons") return feedback(spec, block, context);
  if (spec.type === "overflow") return overflow(spec, block, context);
  return field(spec, block, context, spec.placeholder ? spec.placeholder.text : label(spec));
}

const label = (spec) => spec.action_id.replaceAll("_", " ");

// An input block: label, field, hint and the place for its error.
export function inputField(block, context) {
  const errorId = `error-${block.block_id}`;
  const name = block.label.text;
  const control = field(block.element, block, context, name);
  control.setAttribute("data-field", block.block_id);
  const title = h("span", { class: "input-label" }, plainText(block.label), block.optional && h("span", { class: "muted" }, " (optional)"));
  const hint = block.hint && h("span", { class: "hint" }, plainText(block.hint));
  const error = h("span", { class: "input-error", id: errorId, role: "alert" });
  const grouped = ["checkboxes", "radio_buttons"].includes(block.element.type);
  return h(grouped ? "fieldset" : "div", { class: "block-input" }, grouped ? h("legend", {}, title) : title, control, hint, error);
}

export function showErrors(root, errors) {
  for (const input of root.querySelectorAll(".block-input")) {
    const text = errors[input.dataset.blockId];
    const control = input.querySelector("input, textarea, select, button");
    fill(input.querySelector(".input-error"), text ? [icon("alert", 15), text] : []);
    input.classList.toggle("wrong", Boolean(text));
    if (control) control.setAttribute("aria-invalid", text ? "true" : "false");
    if (control && text) control.setAttribute("aria-describedby", `error-${input.dataset.blockId}`);
  }
  const first = root.querySelector(".block-input.wrong input, .block-input.wrong textarea, .block-input.wrong button");
  if (!first) return;
  first.focus();
  // the field with the words below it, which the focus alone may leave out of sight
  first.closest(".block-input").scrollIntoView({ block: "nearest" });
}

async function use(control, spec, block, context, value) {
  if (spec.confirm && !(await confirmed(spec.confirm))) return;
  control.classList.add("busy");
  control.setAttribute("aria-busy", "true");
  try {
    await context.act(spec, block, value);
    control.classList.remove("failed");
  } catch (error) {
    control.classList.add("failed");
    const gone = error.message === "element_not_found";
    announce(gone ? "The app has changed this since you looked. Look again." : `The app did not answer: ${error.message}`, "error");
  } finally {
    control.classList.remove("busy");
    control.removeAttribute("aria-busy");
  }
}

export function confirmed(spec) {
  return new Promise((resolve) => {
    const close = (answer) => () => {
      dialog.close();
      dialog.remove();
      resolve(answer);
    };
    const dialog = h(
      "dialog",
      { class: "confirm", "aria-label": spec.title.text, oncancel: close(false) },
      h("h2", {}, plainText(spec.title)),
      h("div", {}, textObject(spec.text)),
      h("div", { class: "dialog-foot" }, h("button", { type: "button", class: "button", onclick: close(false) }, plainText(spec.deny)), h("button", { type: "button", class: `button ${spec.style || "primary"}`, onclick: close(true) }, plainText(spec.confirm))),
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}

function button(spec, block, context) {
  const attributes = { type: "button", class: `button ${spec.style || ""}`, "aria-label": spec.accessibility_label, dataset: { actionId: spec.action_id } };
  const control = h("button", { ...attributes, onclick: () => press() }, plainText(spec.text));
  const press = () => {
    if (spec.url) window.open(spec.url, "_blank", "noopener");
    return use(control, spec, block, context);
  };
  return control;
}

function iconAction(spec, block, context) {
  const control = h("button", { type: "button", class: "icon-button", "aria-label": spec.text.text, title: spec.text.text, onclick: () => use(control, spec, block, context) }, icon("trash"));
  return control;
}

function feedback(spec, block, context) {
  const make = (side, name) => {
    const choice = spec[side];
    const control = h("button", { type: "button", class: "icon-button", "aria-pressed": "false", "aria-label": choice.accessibility_label || choice.text.text, title: choice.text.text, onclick: () => press() }, icon(name));
    const press = async () => {
      await use(control, spec, block, context, choice.value);
      for (const each of group.querySelectorAll("button")) each.setAttribute("aria-pressed", String(each === control));
    };
    return control;
  };
  const group = h("div", { class: "feedback", role: "group", "aria-label": "Feedback" }, make("positive_button", "thumbup"), make("negative_button", "thumbdown"));
  return group;
}

function overflow(spec, block, context) {
  const control = h("button", { type: "button", class: "button overflow", "aria-label": "More actions", "aria-haspopup": "menu", "aria-expanded": "false", onclick: () => toggle() }, icon("more"));
  const menu = h("div", { class: "menu", role: "menu", hidden: true });
  const toggle = (open = menu.hidden) => {
    menu.hidden = !open;
    control.setAttribute("aria-expanded", String(open));
    if (open) menu.firstChild.focus();
  };
  fill(menu, spec.options.map((option) => h("button", { type: "button", role: "menuitem", onclick: () => (toggle(false), option.url && window.open(option.url, "_blank", "noopener"), use(control, spec, block, context, option.value)) }, plainText(option.text))));
  const root = h("div", { class: "menu-root", onkeydown: (event) => menuKeys(event, menu, () => (toggle(false), control.focus())), onfocusout: (event) => !root.contains(event.relatedTarget) && toggle(false) }, control, menu);
  return root;
}

export function menuKeys(event, menu, close) {
  const items = [...menu.querySelectorAll("[role=menuitem]")];
  const at = items.indexOf(document.activeElement);
  if (event.key === "Escape" && !menu.hidden) {
    event.stopPropagation();
    close();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    items[(at + (event.key === "ArrowDown" ? 1 : -1) + items.length) % items.length]?.focus();
  }
}

// Inputs

const TEXT_INPUTS = { plain_text_input: "text", email_text_input: "email", url_text_input: "url", number_input: "text", rich_text_input: "text" };
const PICKERS = { datepicker: ["date", "initial_date"], timepicker: ["time", "initial_time"], datetimepicker: ["datetime-local", "initial_date_time"] };

function field(spec, block, context, name) {
  const known = context.value(block.block_id, spec);
  const changed = (value) => context.changed(spec, block, value, root);
  let root;
  if (TEXT_INPUTS[spec.type]) root = textField(spec, name, known, changed, context, block);
  else if (PICKERS[spec.type]) root = picker(spec, name, known, changed);
  else if (spec.type === "checkboxes" || spec.type === "radio_buttons") root = choices(spec, known, changed);
  else if (spec.type === "file_input") root = pickFiles(spec, name, changed);
  else root = select(spec, block, context, name, known, changed);
  root.dataset.actionId = spec.action_id;
  return root;
}

function textField(spec, name, known, changed, context, block) {
  const multiline = spec.multiline || spec.type === "rich_text_input";
  const attributes = { "aria-label": name, placeholder: spec.placeholder ? plainText(spec.placeholder) : null, value: known || "", autofocus: spec.focus_on_load, inputmode: spec.type === "number_input" ? "decimal" : null };
  const dispatches = (spec.dispatch_action_config || {}).trigger_actions_on || ["on_enter_pressed"];
  const control = h(multiline ? "textarea" : "input", multiline ? { ...attributes, rows: 4 } : { ...attributes, type: TEXT_INPUTS[spec.type] });
  let timer;
  control.addEventListener("input", () => {
    changed(control.value);
    clearTimeout(timer);
    if (block.dispatch_action && dispatches.includes("on_character_entered")) timer = setTimeout(() => use(control, spec, block, context, control.value), 300);
  });
  control.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !multiline && block.dispatch_action && dispatches.includes("on_enter_pressed")) {
      event.preventDefault();
      use(control, spec, block, context, control.value);
    }
  });
  return control;
}

function picker(spec, name, known, changed) {
  const [type, initial] = PICKERS[spec.type];
  const start = known ?? spec[initial] ?? "";
  const stamp = type === "datetime-local" && start ? new Date(start * 1000 - new Date().getTimezoneOffset() * 60000).toISOString().slice(0, 16) : start;
  const read = (control) => (type === "datetime-local" && control.value ? Math.floor(new Date(control.value).getTime() / 1000) : control.value);
  const control = h("input", { type, "aria-label": name, value: stamp, onchange: () => changed(read(control) || null) });
  return control;
}

function choices(spec, known, changed) {
  const many = spec.type === "checkboxes";
  const group = `choice-${Math.random().toString(36).slice(2)}`;
  const start = known || (many ? (spec.initial_options || []).map((option) => option.value) : (spec.initial_option || {}).value);
  const on = (value) => (many ? (start || []).includes(value) : start === value);
  const boxes = spec.options.map((option) => {
    const box = h("input", { type: many ? "checkbox" : "radio", name: group, value: option.value, checked: on(option.value), onchange: () => report() });
    return h("label", { class: "choice" }, box, h("span", {}, textObject(option.text), option.description && h("small", { class: "muted" }, textObject(option.description))));
  });
  const report = () => {
    const picked = boxes.map((each) => each.querySelector("input")).filter((box) => box.checked).map((box) => box.value);
    changed(many ? picked : picked[0] || null);
  };
  return h("div", { class: "choices" }, boxes);
}

const asOption = (value, text) => ({ value, text: { type: "plain_text", text } });
const peopleOptions = () => humans().map((person) => asOption(person.id, personName(person.id)));
const channelOptions = () => [...store.channels.values()].filter((channel) => !channel.is_im && !channel.is_mpim).map((channel) => asOption(channel.id, `#${channel.name}`));

function select(spec, block, context, name, known, changed) {
  const many = spec.type.startsWith("multi_");
  const kind = spec.type.replace("multi_", "");
  const fixed = { users_select: peopleOptions, channels_select: channelOptions, conversations_select: channelOptions }[kind];
  const groups = fixed ? [{ options: fixed() }] : (spec.option_groups || [{ options: spec.options || [] }]).map((group) => ({ label: group.label && plainText(group.label), options: group.options }));
  const all = groups.flatMap((group) => group.options);
  const plainValues = Boolean(fixed);
  const ids = [known ?? []].flat();
  const selected = ids.map((value) => (typeof value === "object" ? value : all.find((option) => option.value === value))).filter(Boolean);
  const source = async (query) => {
    if (kind === "external_select") return context.suggest(spec, block, query);
    const wanted = query.toLowerCase();
    return groups.map((group) => ({ ...group, options: group.options.filter((option) => option.text.text.toLowerCase().includes(wanted)) })).filter((group) => group.options.length);
  };
  const report = (options) => {
    const values = kind === "external_select" ? options : options.map((option) => option.value);
    changed(many ? values : values[0], plainValues);
  };
  const box = combobox({ label: name, placeholder: spec.placeholder && plainText(spec.placeholder), selected, many, source, chosen: report, least: kind === "external_select" ? spec.min_query_length ?? 3 : 0 });
  return box;
}
