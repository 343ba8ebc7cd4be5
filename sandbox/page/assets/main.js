// The page: where one is, what is shown there, and what the journal's entries change.

import { follow, get, post } from "./api.js";
import { composer, dropZone } from "./composer.js";
import { announce, fill, h, icon, iconButton } from "./dom.js";
import { drawAbout, drawHome, openHome } from "./home.js";
import { Inspector } from "./inspector.js";
import { syncModals } from "./modal.js";
import { appChannel, renderSidebar } from "./sidebar.js";
import { channelTitle, isMember, isUnread, load, markRead, on, otherIn, personName, refresh, store } from "./store.js";
import { Timeline } from "./timeline.js";

const PAGE = 60;
const $ = (id) => document.getElementById(id);
const main = new Timeline($("scroller"), $("messages"));
const side = new Timeline($("thread-scroller"), $("thread-messages"), { inThread: true });
let live = null;
let inspector = null;
let hasMore = false;
let tab = "home";

const write = composer({ title: "Message", place: () => ({ channel: placeChannel() }) });
const reply = composer({ title: "Reply", place: () => ({ channel: placeChannel(), thread_ts: store.thread }), commands: false });

function placeChannel() {
  const app = currentApp();
  return app ? appChannel(app)?.id : store.place;
}

function currentApp() {
  return store.place?.startsWith("app/") ? store.apps.find((app) => `app/${app.id}` === store.place) : null;
}

// Where one is stands in the address: #/C0GENERAL1/1700000000.000100 or #/app/A0...
async function navigate() {
  const parts = location.hash.replace(/^#\/?/, "").split("/").filter(Boolean);
  const place = parts[0] === "app" ? parts.slice(0, 2).join("/") : parts[0];
  const known = store.channels.has(place) || store.apps.some((app) => `app/${app.id}` === place);
  if (place && !known) await refresh();
  const target = known || store.channels.has(place) ? place : [...store.channels.values()].find((channel) => !channel.is_im && isMember(channel)).id;
  const moved = target !== store.place;
  store.place = target;
  document.body.classList.remove("menu-open");
  if (moved) await showPlace();
  await showThread(parts[0] === "app" ? null : parts[1] || null);
  sidebar();
}

async function showPlace() {
  const app = currentApp();
  drawHead();
  $("home-pane").hidden = !app;
  $("channel-pane").hidden = Boolean(app) && tab !== "messages";
  document.title = `${app ? app.name : channelTitle(store.channels.get(store.place))} · ${store.team.name}`;
  if (app) await showApp(app);
  else await showChannel(store.place);
}

async function showApp(app) {
  $("home-pane").hidden = tab === "messages";
  $("channel-pane").hidden = tab !== "messages";
  drawHead();
  if (tab === "home") await openHome($("home-pane"), app);
  else if (tab === "about") drawAbout($("home-pane"), app);
  else {
    if (!appChannel(app)) {
      await post("dm", { as: store.me.id, users: [app.bot_user_id] });
      await refresh();
    }
    await showChannel(appChannel(app).id);
  }
}

async function showChannel(id) {
  const channel = store.channels.get(id);
  const found = await get(`channels/${id}?as=${store.me.id}&limit=${PAGE}&notes=0`);
  hasMore = found.has_more;
  main.show(found.messages);
  $("beginning").hidden = hasMore;
  fill($("beginning"), h("h3", {}, channel.is_im ? channelTitle(channel) : `#${channel.name}`), h("p", { class: "muted" }, channel.is_im ? `This is the beginning of your conversation with ${channelTitle(channel)}.` : channel.topic?.value || "This is the beginning of the channel."));
  write.root.querySelector("textarea").placeholder = channel.is_im ? `Message ${channelTitle(channel)}` : `Message #${channel.name}`;
  write.root.querySelector("textarea").setAttribute("aria-label", write.root.querySelector("textarea").placeholder);
  fill($("composer"), isMember(channel) ? write.root : joinBar(channel));
  seen(id, main.newest);
  main.toEnd();
  if (matchMedia("(min-width: 720px)").matches) write.focus();
}

function joinBar(channel) {
  const join = async () => {
    await post("join", { as: store.me.id, channel: channel.id });
    await refresh();
    await showPlace();
  };
  return h("div", { class: "join-bar" }, `You are not in #${channel.name}.`, h("button", { type: "button", class: "button primary", onclick: join }, "Join"));
}

function drawHead() {
  const app = currentApp();
  const menu = iconButton("menu", "Channels", () => document.body.classList.toggle("menu-open"), { class: "icon-button menu-button" });
  if (app) {
    const names = [["home", "Home"], ["messages", "Messages"], ["about", "About"]].filter(([name]) => name !== "home" || app.home_tab).filter(([name]) => name !== "messages" || app.messages_tab);
    const tabs = names.map(([name, title]) => h("button", { type: "button", role: "tab", "aria-selected": String(tab === name), class: "tab", onclick: () => ((tab = name), showApp(app)) }, title));
    return fill($("head"), menu, h("h1", {}, app.name), h("span", { class: "badge" }, "APP"), h("div", { class: "tabs", role: "tablist", "aria-label": app.name }, tabs));
  }
  const channel = store.channels.get(store.place);
  const title = channel.is_im || channel.is_mpim ? channelTitle(channel) : [icon(channel.is_private ? "lock" : "hash", 20), channel.name];
  const count = channel.members.length;
  return fill($("head"), menu, h("h1", {}, title), h("span", { class: "topic muted" }, channel.topic?.value || ""), !channel.is_im && h("span", { class: "members muted", title: channel.members.map(personName).join(", ") }, `${count} member${count === 1 ? "" : "s"}`));
}

async function showThread(ts) {
  const moved = ts !== store.thread;
  store.thread = ts;
  $("thread").hidden = !ts;
  document.body.classList.toggle("with-thread", Boolean(ts));
  if (!ts || !moved) return;
  showStatus(null, "");
  const found = await get(`channels/${placeChannel()}/threads/${ts}?as=${store.me.id}&notes=0`);
  side.show(found.messages);
  fill($("thread-composer"), reply.root);
  reply.clear();
  reply.focus();
}

function openThread(ts) {
  if (currentApp()) return showThread(ts);
  location.hash = `#/${store.place}/${ts}`;
  return undefined;
}

const closeThread = () => (currentApp() ? showThread(null) : (location.hash = `#/${store.place}`));

function seen(channel, ts) {
  if (document.hidden || !ts) return;
  markRead(channel, ts);
}

function sidebar() {
  renderSidebar($("sidebar"), { toggleInspector, toggleTheme });
  const waiting = [...store.channels.values()].filter((channel) => isMember(channel) && isUnread(channel) && channel.id !== store.place).length;
  document.title = document.title.replace(/^\(\d+\) /, "");
  if (waiting) document.title = `(${waiting}) ${document.title}`;
}

function toggleInspector() {
  const pane = $("inspector");
  pane.hidden = !pane.hidden;
  document.body.classList.toggle("with-inspector", !pane.hidden);
  if (!inspector) inspector = new Inspector(pane, toggleInspector);
  live.inspect(!pane.hidden);
  if (!pane.hidden) inspector.load();
  else $("inspector-toggle")?.focus();
  sidebar();
}

function toggleTheme() {
  const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  localStorage.setItem("sandbox.theme", next);
  sidebar();
}

// What the journal tells.
const HANDLERS = {
  message: ({ channel, message }) => arrived(channel, { ...message, channel }),
  message_changed: ({ channel, message }) => changed(channel, { ...message, channel }),
  message_deleted: ({ channel, ts, thread_ts }) => gone(channel, ts, thread_ts),
  ephemeral: (data) => arrived(data.channel, { ...data.message, channel: data.channel }),
  ephemeral_changed: (data) => changed(data.channel, { ...data.message, channel: data.channel }),
  ephemeral_deleted: (data) => gone(data.channel, data.ts),
  view_opened: () => syncModals(),
  view_closed: () => syncModals(),
  view_updated: ({ view }) => (view.type === "home" ? homeChanged(view) : syncModals()),
  channel: () => refresh(),
  assistant_status: ({ channel, thread_ts: ts, app_id: app, status }) => channel === placeChannel() && ts === store.thread && showStatus(app, status),
  joined: () => refresh(),
  left: () => refresh(),
  socket_open: () => refresh(),
  socket_closed: () => refresh(),
  exchange: ({ exchange }) => inspector?.add(exchange),
};

function showStatus(appId, status) {
  const app = store.apps.find((each) => each.id === appId);
  $("thread-status").textContent = status ? `${app ? app.name : "The app"} ${status}` : "";
}

async function homeChanged(view) {
  const app = currentApp();
  if (app && app.id === view.app_id && tab === "home") await drawHome($("home-pane"), app);
}

async function arrived(channel, message) {
  const here = channel === placeChannel() && !$("channel-pane").hidden;
  const isReply = message.thread_ts && message.thread_ts !== message.ts;
  if (here && isReply) countReply(message);
  if (here && isReply && message.thread_ts === store.thread) {
    side.put(message, message.user === store.me.id);
    if (message.app_id) showStatus(message.app_id, "");
  }
  if (here && !isReply) main.put(message, message.user === store.me.id);
  if (here && !isReply) seen(channel, message.ts);
  const known = store.channels.get(channel);
  if (!known) return refresh();
  if (!isReply && !message.is_ephemeral) known.latest = message.ts;
  if (!isReply && message.user === store.me.id) markRead(channel, message.ts);
  return sidebar();
}

function countReply(message) {
  const root = main.messages.get(message.thread_ts);
  if (!root || message.is_ephemeral) return;
  const users = new Set([...(root.reply_users || []), message.user]);
  main.put({ ...root, thread_ts: root.ts, reply_count: (root.reply_count || 0) + 1, reply_users: [...users], latest_reply: message.ts });
}

function changed(channel, message) {
  if (channel !== placeChannel()) return;
  if (main.messages.has(message.ts)) main.put(message);
  if (side.messages.has(message.ts)) side.put(message);
}

function gone(channel, ts, threadTs) {
  if (channel !== placeChannel()) return;
  const root = main.messages.get(ts);
  const deleted = { subtype: "tombstone", text: "This message was deleted.", user: "USLACKBOT", blocks: [], files: [], app_id: null };
  if (root && root.reply_count) main.put({ ...root, ...deleted });
  else main.remove(ts);
  if (ts === store.thread) side.put({ ...side.messages.get(ts), ...deleted });
  else side.remove(ts);
  const parent = threadTs && main.messages.get(threadTs);
  if (parent && parent.reply_count) main.put({ ...parent, reply_count: parent.reply_count - 1 });
}

async function older() {
  if (!hasMore || $("scroller").scrollTop > 400 || !main.order.length) return;
  hasMore = false;
  const found = await get(`channels/${placeChannel()}?as=${store.me.id}&limit=${PAGE}&before=${main.order[0]}&notes=0`);
  main.before(found.messages);
  hasMore = found.has_more;
  $("beginning").hidden = hasMore;
}

async function start() {
  await load();
  document.documentElement.dataset.theme = localStorage.getItem("sandbox.theme") || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  on("open-thread", openThread);
  on("sidebar", sidebar);
  $("thread-close").replaceWith(iconButton("close", "Close thread", closeThread, { id: "thread-close" }));
  $("scroller").addEventListener("scroll", older, { passive: true });
  addEventListener("hashchange", navigate);
  addEventListener("keydown", (event) => event.key === "Escape" && !event.defaultPrevented && store.thread && !document.querySelector("dialog[open]") && closeThread());
  document.addEventListener("visibilitychange", () => seen(placeChannel(), main.newest));
  $("scrim").addEventListener("click", () => document.body.classList.remove("menu-open"));
  dropZone($("channel-pane"), (files) => write.take(files), () => `Drop to share in ${currentApp()?.name || `#${store.channels.get(store.place)?.name || personName(otherIn(store.channels.get(store.place)))}`}`);
  dropZone($("thread"), (files) => reply.take(files), () => "Drop to share in the thread");
  live = follow(store.me.id, store.last, (entry) => HANDLERS[entry.kind]?.(entry.data), (online) => ((store.online = online), sidebar()));
  await navigate();
  await syncModals();
  document.body.classList.add("ready");
}

start().catch((error) => announce(`The page could not start: ${error.message}`, "error"));
