// Modals: the topmost of the viewer's stack, as a dialog.

import { get, post } from "./api.js";
import { renderBlocks } from "./blocks.js";
import { viewContext } from "./context.js";
import { announce, fill, h, iconButton } from "./dom.js";
import { showErrors } from "./elements.js";
import { plainText } from "./mrkdwn.js";
import { appOf, store } from "./store.js";

let dialog = null;
let shown = null;
const typed = new Map(); // view id -> values

export async function syncModals() {
  const { modals } = await get(`people/${store.me.id}/modals`);
  const top = modals[modals.length - 1];
  for (const id of typed.keys()) if (!modals.some((view) => view.id === id)) typed.delete(id);
  if (!top) return hide();
  if (shown && shown.id === top.id && shown.hash === top.hash) return undefined;
  return show(top, modals.length);
}

function hide() {
  if (dialog) dialog.remove();
  dialog = shown = null;
}

function show(view, depth) {
  const scroll = shown && shown.id === view.id ? dialog.querySelector(".dialog-body").scrollTop : 0;
  const held = document.activeElement && dialog && dialog.contains(document.activeElement) ? document.activeElement.closest("[data-action-id]")?.dataset.actionId : null;
  hide();
  shown = view;
  if (!typed.has(view.id)) typed.set(view.id, {});
  const context = viewContext(view, typed.get(view.id));
  const app = appOf(view);
  const submit = view.submit && h("button", { type: "submit", class: "button primary" }, plainText(view.submit));
  const form = h(
    "form",
    { novalidate: true, onsubmit: (event) => (event.preventDefault(), send(view, form, submit)) },
    h("header", { class: "dialog-head" }, h("h2", { id: "modal-title" }, plainText(view.title)), depth > 1 && h("span", { class: "muted" }, `Step ${depth}`), iconButton("close", "Close", () => close(view, depth > 1))),
    h("div", { class: "dialog-body" }, renderBlocks(view.blocks, context), h("p", { class: "dialog-note", role: "alert" })),
    h("footer", { class: "dialog-foot" }, app && h("span", { class: "muted from" }, `From ${app.name}`), h("button", { type: "button", class: "button", onclick: () => close(view, false) }, view.close ? plainText(view.close) : depth > 1 ? "Back" : "Cancel"), submit),
  );
  dialog = h("dialog", { class: "modal", "aria-labelledby": "modal-title", oncancel: (event) => (event.preventDefault(), close(view, false)) }, form);
  document.body.append(dialog);
  dialog.showModal();
  dialog.querySelector(".dialog-body").scrollTop = scroll;
  const focus = (held && dialog.querySelector(`[data-action-id="${CSS.escape(held)}"]`)) || dialog.querySelector("[autofocus]") || dialog.querySelector(".dialog-body input, .dialog-body textarea, .dialog-body button") || submit;
  if (focus) (focus.matches("input, textarea, button") ? focus : focus.querySelector("input, button") || focus).focus();
}

async function close(view, whole) {
  await post("close", { as: store.me.id, view_id: view.id, all: whole }).catch((error) => announce(error.message, "error"));
  await syncModals();
}

async function send(view, form, submit) {
  const values = {};
  for (const [block, actions] of Object.entries(typed.get(view.id) || {})) for (const value of Object.values(actions)) values[block] = value;
  const note = form.querySelector(".dialog-note");
  fill(note);
  if (submit) submit.disabled = true;
  form.classList.add("busy");
  try {
    const answer = await post("submit", { as: store.me.id, view_id: view.id, values });
    showErrors(form, answer.errors || {});
    if (answer.error) fill(note, `${answer.message} (${answer.error})`);
    if (answer.ok) await syncModals();
  } catch (error) {
    fill(note, `Not submitted: ${error.message}`);
  } finally {
    form.classList.remove("busy");
    if (submit) submit.disabled = false;
  }
}
