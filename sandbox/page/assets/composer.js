// Where one types: messages, slash commands with completion, mentions, files by drop, paste and picker.

import { post, upload } from "./api.js";
import { announce, fill, h, icon, iconButton } from "./dom.js";
import { readableSize } from "./messages.js";
import { humans, store } from "./store.js";

// `place()` answers {channel, thread_ts}; `title` names the place to people.
export function composer({ place, title, commands = true }) {
  let held = [];
  let matches = [];
  let active = 0;
  const id = `completion-${Math.random().toString(36).slice(2)}`;

  const area = h("textarea", { rows: 1, "aria-label": title, placeholder: title, role: "combobox", "aria-autocomplete": "list", "aria-controls": id, "aria-expanded": "false" });
  const list = h("ul", { id, class: "completion", role: "listbox", "aria-label": "Suggestions", hidden: true });
  const tray = h("div", { class: "tray" });
  const picker = h("input", { type: "file", multiple: true, hidden: true, "aria-hidden": "true", tabindex: "-1", onchange: () => (take([...picker.files]), (picker.value = "")) });
  const send = iconButton("send", "Send", () => submit(), { class: "icon-button send" });
  const clip = iconButton("clip", "Attach files", () => picker.click());
  const root = h("div", { class: "composer" }, list, tray, area, h("div", { class: "composer-foot" }, clip, picker, h("span", { class: "muted hint" }, commands ? "Enter sends · Shift+Enter starts a line · / for commands" : "Enter sends"), send));

  const resize = () => {
    area.style.height = "auto";
    if (area.scrollHeight) area.style.height = `${Math.min(area.scrollHeight, 220)}px`;
    send.disabled = !area.value.trim() && !held.length;
  };

  function suggestions() {
    const before = area.value.slice(0, area.selectionStart);
    if (commands && /^\/\S*$/.test(before)) return commandMatches(before);
    const word = before.match(/(^|\s)([@#])([\w.-]*)$/);
    if (!word) return [];
    const [, , sign, start] = word;
    if (sign === "#") return channelMatches(start).map((channel) => ({ label: `#${channel.name}`, text: `#${channel.name} `, replace: start.length + 1 }));
    return personMatches(start).map((person) => ({ label: `@${person.name}`, hint: person.real_name, text: `@${person.name} `, replace: start.length + 1 }));
  }

  function commandMatches(before) {
    const known = store.apps.flatMap((app) => app.commands.map((command) => ({ ...command, app: app.name })));
    return known.filter((entry) => entry.command.startsWith(before)).map((entry) => ({ label: entry.command, hint: entry.usage_hint, detail: `${entry.description || ""} · ${entry.app}`, text: `${entry.command} `, replace: before.length }));
  }

  function complete() {
    matches = suggestions().slice(0, 8);
    active = 0;
    list.hidden = !matches.length;
    area.setAttribute("aria-expanded", String(Boolean(matches.length)));
    fill(list, matches.map((match, index) => h("li", { id: `${id}-${index}`, role: "option", "aria-selected": String(index === 0), class: index === 0 ? "active" : "", onmousedown: (event) => (event.preventDefault(), choose(index)) }, h("span", {}, h("strong", {}, match.label), match.hint && h("span", { class: "muted" }, ` ${match.hint}`)), match.detail && h("small", { class: "muted" }, match.detail))));
    mark();
  }

  function mark() {
    [...list.children].forEach((item, index) => {
      item.classList.toggle("active", index === active);
      item.setAttribute("aria-selected", String(index === active));
    });
    if (matches.length) area.setAttribute("aria-activedescendant", `${id}-${active}`);
    else area.removeAttribute("aria-activedescendant");
  }

  function choose(index) {
    const match = matches[index];
    const at = area.selectionStart;
    area.setRangeText(match.text, at - match.replace, at, "end");
    complete();
    resize();
  }

  async function submit() {
    const text = area.value.trim();
    const where = place();
    if (!text && !held.length) return;
    if (held.some((file) => !file.id)) return announce("Wait until the files are uploaded");
    const files = held;
    area.value = "";
    held = [];
    show();
    complete();
    resize();
    try {
      if (files.length) await post("share", { as: store.me.id, ...where, files: files.map((file) => file.id), comment: text });
      else if (text.startsWith("/") && commands) await run(where.channel, text);
      else await post("say", { as: store.me.id, ...where, text });
    } catch (error) {
      if (error.message === "invalid_command") return undefined;
      announce(`Not sent: ${error.message}`, "error");
      area.value = text;
      resize();
    }
    return undefined;
  }

  async function run(channel, text) {
    root.classList.add("busy");
    try {
      await post("command", { as: store.me.id, channel, text });
    } finally {
      root.classList.remove("busy");
    }
  }

  async function take(files) {
    for (const file of files) {
      const entry = { name: file.name || "pasted.png", size: file.size, share: 0 };
      held.push(entry);
      show();
      upload({ as: store.me.id, channel: place().channel, name: entry.name }, file, (share) => {
        entry.share = share;
        entry.bar?.setAttribute("value", share);
      })
        .then((done) => {
          entry.id = done.id;
          show();
        })
        .catch((error) => {
          held = held.filter((each) => each !== entry);
          show();
          announce(`${entry.name} could not be uploaded: ${error.message}`, "error");
        });
    }
    area.focus();
  }

  function show() {
    fill(
      tray,
      held.map((file) => {
        file.bar = file.id ? null : h("progress", { max: 1, value: file.share, "aria-label": `Uploading ${file.name}` });
        const drop = () => {
          held = held.filter((each) => each !== file);
          show();
        };
        return h("div", { class: "held" }, icon("file"), h("span", { class: "held-text" }, h("strong", {}, file.name), file.bar || h("small", { class: "muted" }, readableSize(file.size))), iconButton("close", `Remove ${file.name}`, drop));
      }),
    );
    resize();
  }

  area.addEventListener("input", () => (complete(), resize()));
  area.addEventListener("blur", () => (list.hidden = true));
  area.addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files];
    if (files.length) (event.preventDefault(), take(files));
  });
  area.addEventListener("keydown", (event) => {
    const openList = !list.hidden && matches.length;
    if (openList && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      active = (active + (event.key === "ArrowDown" ? 1 : -1) + matches.length) % matches.length;
      mark();
    } else if (openList && (event.key === "Tab" || (event.key === "Enter" && area.value.slice(0, area.selectionStart) !== matches[active].text.trim()))) {
      event.preventDefault();
      choose(active);
    } else if (openList && event.key === "Escape") {
      list.hidden = true;
      matches = [];
    } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      submit();
    }
  });
  resize();
  return { root, take, focus: () => area.focus(), clear: () => ((area.value = ""), (held = []), show()) };
}

const channelMatches = (start) => [...store.channels.values()].filter((channel) => channel.name && !channel.is_mpim && channel.name.startsWith(start));
const personMatches = (start) => [...humans(), ...[...store.people.values()].filter((person) => person.is_bot)].filter((person) => person.name.startsWith(start.toLowerCase()));

// Lets a whole pane take dropped files.
export function dropZone(element, take, title) {
  let depth = 0;
  const overlay = h("div", { class: "drop-overlay", hidden: true }, icon("file", 40), h("strong"));
  element.append(overlay);
  const toggle = (on) => {
    overlay.hidden = !on;
    overlay.querySelector("strong").textContent = title();
  };
  element.addEventListener("dragenter", (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    depth += 1;
    toggle(true);
  });
  element.addEventListener("dragleave", () => {
    depth = Math.max(0, depth - 1);
    if (!depth) toggle(false);
  });
  element.addEventListener("dragover", (event) => event.preventDefault());
  element.addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    toggle(false);
    if (event.dataTransfer.files.length) take([...event.dataTransfer.files]);
  });
}
