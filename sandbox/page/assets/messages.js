// One message: author, time, text or blocks, files, reactions, thread, and what one may do with it.

import { post } from "./api.js";
import { renderBlocks } from "./blocks.js";
import { messageContext } from "./context.js";
import { announce, fill, h, icon, iconButton } from "./dom.js";
import { confirmed } from "./elements.js";
import { emoji, QUICK } from "./emoji.js";
import { mrkdwn, unescape } from "./mrkdwn.js";
import { appOf, personName, store, tell } from "./store.js";

export function avatar(id, name, size = "") {
  const person = store.people.get(id);
  const letters = name.split(/[\s-]+/).map((word) => word[0]).slice(0, 2).join("").toUpperCase();
  const hue = [...(id || name)].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 360, 7);
  return h("span", { class: `avatar ${size} ${person && person.is_bot ? "bot" : ""}`, style: `--hue: ${hue}`, "aria-hidden": "true" }, letters);
}

export const timeOf = (ts) => new Date(Number(ts) * 1000);
export const clock = (ts) => timeOf(ts).toLocaleTimeString("en", { hour: "numeric", minute: "2-digit" });

export function authorName(message) {
  const app = appOf(message);
  return message.username || (app ? personName(app.bot_user_id) : personName(message.user));
}

export function renderMessage(message, { compact = false, inThread = false } = {}) {
  const name = authorName(message);
  const own = message.user === store.me.id && !message.app_id;
  const classes = ["message", compact && "compact", message.is_ephemeral && "ephemeral", message.subtype === "tombstone" && "tombstone"].filter(Boolean).join(" ");
  const root = h("article", { class: classes, id: `${inThread ? "t" : "m"}-${message.ts}`, dataset: { ts: message.ts, author: message.user }, "aria-label": `${name}, ${clock(message.ts)}` });
  const stamp = h("time", { class: "stamp", datetime: timeOf(message.ts).toISOString(), title: timeOf(message.ts).toLocaleString("en") }, clock(message.ts));
  const head = compact ? null : h("header", { class: "message-head" }, h("span", { class: "author" }, name), message.app_id && h("span", { class: "badge" }, "APP"), stamp);
  const gutter = h("div", { class: "gutter" }, compact ? h("span", { class: "hover-stamp", "aria-hidden": "true" }, clock(message.ts)) : avatar(message.user, name));
  const note = message.is_ephemeral && h("div", { class: "only-you" }, "Only visible to you");
  fill(root, gutter, h("div", { class: "message-main" }, note, head, h("div", { class: "message-body" }, body(message)), extras(message, inThread)), !message.is_ephemeral && message.subtype !== "tombstone" && toolbar(message, own, inThread));
  return root;
}

function body(message) {
  const streaming = message.streaming_state === "in_progress";
  const edited = message.edited && h("span", { class: "edited" }, "(edited)");
  if (message.subtype === "tombstone") return h("em", { class: "muted" }, message.text);
  const blocks = message.blocks || [];
  const plainOnly = !blocks.length || (blocks.length === 1 && blocks[0].type === "rich_text" && !message.app_id);
  const text = plainOnly ? message.text && h("div", { class: "text" }, mrkdwn(message.text)) : renderBlocks(blocks, messageContext(message));
  return [text, (message.attachments || []).map((each) => attachment(each, message)), edited, streaming && h("span", { class: "typing", role: "status", "aria-label": "Still writing" })];
}

function attachment(spec, message) {
  const color = { good: "#2e9e5b", warning: "#d9912b", danger: "#d64545" }[spec.color] || (/^#?[0-9a-f]{6}$/i.test(spec.color || "") ? `#${spec.color.replace("#", "")}` : "var(--line-strong)");
  const fields = (spec.fields || []).map((field) => h("div", { class: "field" }, h("strong", {}, field.title), h("div", {}, mrkdwn(field.value || ""))));
  return h(
    "div",
    { class: "attachment", style: `--bar: ${color}` },
    spec.pretext && h("div", {}, mrkdwn(spec.pretext)),
    spec.author_name && h("div", { class: "muted" }, spec.author_name),
    spec.title && h("strong", {}, spec.title_link ? h("a", { href: spec.title_link, target: "_blank", rel: "noopener" }, spec.title) : spec.title),
    spec.blocks ? renderBlocks(spec.blocks, messageContext(message)) : spec.text && h("div", {}, mrkdwn(spec.text)),
    fields.length > 0 && h("div", { class: "fields" }, fields),
    spec.footer && h("div", { class: "muted" }, spec.footer),
  );
}

function extras(message, inThread) {
  const files = (message.files || []).map(fileCard);
  const reactions = (message.reactions || []).map((reaction) => reactionChip(message, reaction));
  const thread = !inThread && message.reply_count > 0 && threadLink(message);
  return [files.length > 0 && h("div", { class: "files" }, files), reactions.length > 0 && h("div", { class: "reactions" }, reactions), thread];
}

export const readableSize = (bytes) => (bytes < 1e3 ? `${bytes} B` : bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

function fileCard(file) {
  if (file.mode === "tombstone") return h("div", { class: "file-card" }, icon("file"), h("em", { class: "muted" }, "This file was deleted."));
  const address = `/page/file/${file.id}/${encodeURIComponent(file.name)}`;
  if (file.mimetype.startsWith("image/")) {
    return h("figure", { class: "file-image" }, h("figcaption", {}, file.title), h("a", { href: address, target: "_blank" }, h("img", { src: address, alt: file.alt_txt || file.title, loading: "lazy" })));
  }
  return h("a", { class: "file-card", href: address, download: file.name }, h("span", { class: "file-icon" }, icon("file", 22)), h("span", { class: "file-text" }, h("strong", {}, file.title || file.name), h("small", { class: "muted" }, `${file.pretty_type} · ${readableSize(file.size)}`)), icon("download"));
}

function reactionChip(message, reaction) {
  const mine = reaction.users.includes(store.me.id);
  const who = reaction.users.map(personName).join(", ");
  return h("button", { type: "button", class: "reaction", "aria-pressed": String(mine), title: `${who} reacted with :${reaction.name}:`, "aria-label": `${reaction.name}, ${reaction.count}, ${who}`, onclick: () => react(message, reaction.name, mine) }, h("span", {}, emoji(reaction.name)), h("span", {}, String(reaction.count)));
}

function react(message, name, off = false) {
  return post("react", { as: store.me.id, channel: message.channel, ts: message.ts, name, remove: off }).catch((error) => announce(error.message, "error"));
}

function threadLink(message) {
  const users = (message.reply_users || []).slice(0, 3).map((id) => avatar(id, personName(id), "tiny"));
  const count = `${message.reply_count} ${message.reply_count === 1 ? "reply" : "replies"}`;
  return h("button", { type: "button", class: "thread-link", onclick: () => tell("open-thread", message.ts) }, users, h("span", { class: "count" }, count), message.latest_reply && h("span", { class: "muted" }, `Last reply ${clock(message.latest_reply)}`));
}

function toolbar(message, own, inThread) {
  const bar = h("div", { class: "toolbar", role: "group", "aria-label": "Message actions" });
  const smile = iconButton("smile", "Add reaction", () => palette(bar, message));
  const reply = !inThread && iconButton("thread", "Reply in thread", () => tell("open-thread", message.ts));
  const change = own && [iconButton("edit", "Edit message", () => edit(bar.closest(".message"), message)), iconButton("trash", "Delete message", () => removeMessage(message))];
  return fill(bar, QUICK.slice(0, 3).map((name) => quick(message, name)), smile, reply, change);
}

function quick(message, name) {
  return h("button", { type: "button", class: "icon-button quick", "aria-label": `React with ${name}`, title: `:${name}:`, onclick: () => react(message, name) }, emoji(name));
}

function palette(bar, message) {
  const known = bar.querySelector(".palette");
  if (known) return known.remove();
  const close = () => menu.remove();
  const menu = h("div", { class: "palette", role: "group", "aria-label": "Reactions" }, QUICK.map((name) => h("button", { type: "button", class: "icon-button", "aria-label": `React with ${name}`, onclick: () => (close(), react(message, name)) }, emoji(name))));
  menu.addEventListener("keydown", (event) => event.key === "Escape" && close());
  bar.append(menu);
  return menu.querySelector("button").focus();
}

function edit(root, message) {
  const place = root.querySelector(".message-body");
  const area = h("textarea", { "aria-label": "Edit message", rows: 3, value: unescape(message.text.replace(/<@([A-Z0-9]+)>/g, (_, id) => `@${store.people.get(id)?.name || id}`).replace(/<#[A-Z0-9]+\|([^>]+)>/g, "#$1").replace(/<(https?:[^>|]+)>/g, "$1")) });
  const save = async () => {
    await post("edit", { as: store.me.id, channel: message.channel, ts: message.ts, text: area.value }).catch((error) => announce(error.message, "error"));
  };
  const back = () => fill(place, body(message));
  area.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) (event.preventDefault(), save());
    if (event.key === "Escape") back();
  });
  fill(place, area, h("div", { class: "dialog-foot" }, h("button", { type: "button", class: "button small", onclick: back }, "Cancel"), h("button", { type: "button", class: "button small primary", onclick: save }, "Save")));
  area.focus();
}

async function removeMessage(message) {
  const text = (text) => ({ type: "plain_text", text });
  const sure = await confirmed({ title: text("Delete message"), text: text("This cannot be undone."), confirm: text("Delete"), deny: text("Cancel"), style: "danger" });
  if (sure) await post("delete", { as: store.me.id, channel: message.channel, ts: message.ts }).catch((error) => announce(error.message, "error"));
}

