// The left column: the workspace, its channels, direct conversations, apps, and whom one acts as.

import { post } from "./api.js";
import { fill, h, icon, iconButton } from "./dom.js";
import { avatar } from "./messages.js";
import { channelTitle, humans, isMember, isUnread, otherIn, personName, store } from "./store.js";

export function renderSidebar(root, { toggleInspector, toggleTheme }) {
  const channels = [...store.channels.values()].filter((channel) => !channel.is_im && !channel.is_mpim && (isMember(channel) || !channel.is_private));
  const direct = [...store.channels.values()].filter((channel) => (channel.is_im || channel.is_mpim) && isMember(channel) && !isApp(otherIn(channel)));
  const others = humans().filter((person) => person.id !== store.me.id && !direct.some((channel) => channel.is_im && otherIn(channel) === person.id));
  fill(
    root,
    h("div", { class: "workspace" }, h("span", { class: "workspace-mark", "aria-hidden": "true" }, store.team.name[0]), h("div", {}, h("strong", {}, store.team.name), h("small", {}, h("span", { class: store.online ? "dot on" : "dot" }), store.online ? "Live" : "Reconnecting…"))),
    h(
      "div",
      { class: "sidebar-scroll" },
      section("Channels", channels.map((channel) => row(`#/${channel.id}`, channel.id, icon(channel.is_private ? "lock" : "hash", 16), channel.name, channel))),
      section("Direct messages", [
        ...direct.map((channel) => row(`#/${channel.id}`, channel.id, avatar(otherIn(channel), channelTitle(channel), "tiny"), channelTitle(channel), channel)),
        ...others.map((person) => h("li", {}, h("button", { type: "button", class: "side-row", onclick: () => openDirect(person.id) }, avatar(person.id, personName(person.id), "tiny"), personName(person.id)))),
      ]),
      section("Apps", store.apps.map((app) => row(`#/app/${app.id}`, `app/${app.id}`, avatar(app.bot_user_id, app.name, "tiny"), app.name, appChannel(app), app))),
    ),
    h("div", { class: "side-foot" }, whoami(), h("div", { class: "side-tools" }, iconButton("pulse", "Inspector", toggleInspector, { id: "inspector-toggle", "aria-pressed": String(!document.getElementById("inspector").hidden) }), iconButton(document.documentElement.dataset.theme === "dark" ? "sun" : "moon", "Switch between light and dark", toggleTheme))),
  );
}

const isApp = (id) => store.apps.some((app) => app.bot_user_id === id);
export const appChannel = (app) => [...store.channels.values()].find((channel) => channel.is_im && isMember(channel) && channel.members.includes(app.bot_user_id));

function section(title, rows) {
  const id = `section-${title.replace(" ", "-")}`;
  return h("section", { class: "side-section", "aria-labelledby": id }, h("h2", { id }, title), h("ul", {}, rows));
}

function row(href, place, mark, name, channel, app) {
  const unread = channel && place !== store.place && isUnread(channel);
  const connected = app && (app.connections > 0 || !app.socket_mode);
  return h(
    "li",
    {},
    h("a", { class: `side-row ${unread ? "unread" : ""}`, href, "aria-current": place === store.place ? "page" : null }, mark, h("span", { class: "side-name" }, name), unread && h("span", { class: "sr-only" }, "unread"), app && h("span", { class: connected ? "dot on" : "dot", title: connected ? "The app is connected" : "The app is not connected" })),
  );
}

export async function openDirect(id) {
  const { channel } = await post("dm", { as: store.me.id, users: [id] });
  location.hash = `#/${channel}`;
}

function whoami() {
  const options = humans().map((person) => h("option", { value: person.name, selected: person.id === store.me.id }, `${person.real_name}${person.is_admin ? " (admin)" : ""}`));
  const change = (event) => {
    const address = new URL(location.href);
    address.searchParams.set("as", event.target.value);
    location.href = address.href;
    if (address.href === location.href) location.reload();
  };
  return h("label", { class: "whoami" }, avatar(store.me.id, personName(store.me.id), "small"), h("span", {}, h("small", {}, "You act as"), h("select", { "aria-label": "Act as", onchange: change }, options)));
}
