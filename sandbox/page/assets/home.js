// An app's own page: its Home tab, its messages, and what it is.

import { get, post } from "./api.js";
import { renderBlocks } from "./blocks.js";
import { viewContext } from "./context.js";
import { fill, h } from "./dom.js";
import { store } from "./store.js";

const values = new Map();

export async function openHome(root, app) {
  await post("home", { as: store.me.id, app: app.id });
  await drawHome(root, app);
}

export async function drawHome(root, app) {
  const { view } = await get(`people/${store.me.id}/home?app=${app.id}`);
  if (!view) return fill(root, h("div", { class: "empty" }, h("strong", {}, `${app.name} has not published anything yet`), h("p", {}, "It hears that you opened this tab, and may publish in answer.")));
  if (!values.has(view.id)) values.set(view.id, {});
  const scroll = root.scrollTop;
  fill(root, h("div", { class: "home" }, renderBlocks(view.blocks, viewContext(view, values.get(view.id)))));
  root.scrollTop = scroll;
  return undefined;
}

export function drawAbout(root, app) {
  const commands = app.commands.map((entry) => h("li", {}, h("code", {}, entry.command), " ", h("span", { class: "muted" }, entry.usage_hint || ""), h("div", {}, entry.description || "")));
  fill(
    root,
    h(
      "div",
      { class: "home about" },
      h("h3", {}, app.name),
      h("p", { class: "muted" }, `${app.id} · ${app.socket_mode ? `Socket Mode, ${app.connections} connection${app.connections === 1 ? "" : "s"}` : `HTTP, ${app.request_url || "the manifest's URLs"}`}`),
      commands.length > 0 && [h("h4", {}, "Commands"), h("ul", { class: "commands" }, commands)],
      app.scopes.length > 0 && [h("h4", {}, "Scopes"), h("p", { class: "scopes" }, app.scopes.map((scope) => h("code", {}, scope)))],
    ),
  );
}
