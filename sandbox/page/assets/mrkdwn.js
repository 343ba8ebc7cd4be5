// Slack's mrkdwn and plain text, turned into elements.

import { h } from "./dom.js";
import { emoji } from "./emoji.js";
import { personName, store } from "./store.js";

export const unescape = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

const SAFE = /^(https?:|mailto:|tel:)/i;

export function link(url, label) {
  if (!SAFE.test(url)) return label || url;
  const local = url.startsWith(location.origin);
  return h("a", { href: url, target: local ? null : "_blank", rel: "noopener noreferrer" }, label || url);
}

export function mention(id) {
  const mine = id === store.me.id;
  return h("span", { class: mine ? "mention me" : "mention" }, `@${personName(id)}`);
}

export function channelLink(id, label) {
  const channel = store.channels.get(id);
  const name = channel ? channel.name : label || id;
  return channel ? h("a", { class: "mention", href: `#/${id}` }, `#${name}`) : `#${name}`;
}

export function withEmoji(text) {
  return text.replace(/:([a-z0-9_+\-']+(?:::skin-tone-[2-6])?):/g, (whole, name) => (emoji(name) === `:${name}:` ? whole : emoji(name)));
}

export function plainText(object) {
  return object.emoji === false ? object.text : withEmoji(unescape(object.text));
}

// A text object of either kind.
export function textObject(object) {
  if (!object) return null;
  if (typeof object === "string") return object;
  if (object.type === "mrkdwn") return mrkdwn(object.text);
  return h("span", { class: "plain" }, lines(plainText(object)));
}

function lines(text) {
  return text.split("\n").flatMap((line, index) => (index ? [h("br"), line] : [line]));
}

export function mrkdwn(text) {
  const parts = [];
  const fence = /```\n?([\s\S]*?)\n?```/g;
  let end = 0;
  for (let match; (match = fence.exec(text)); end = fence.lastIndex) {
    parts.push(...paragraphs(text.slice(end, match.index).replace(/\n$/, "")));
    parts.push(h("pre", {}, h("code", {}, unescape(match[1].replace(/<(?:[^|>]*\|)?([^>]*)>/g, "$1")))));
    if (text[fence.lastIndex] === "\n") fence.lastIndex += 1;
  }
  parts.push(...paragraphs(text.slice(end)));
  return h("span", { class: "mrkdwn" }, parts);
}

function paragraphs(text) {
  if (!text) return [];
  const parts = [];
  let quote = null;
  text.split("\n").forEach((line, index) => {
    const quoted = line.match(/^(?:&gt;|>) ?(.*)$/);
    if (quoted) {
      if (!quote) parts.push((quote = h("blockquote", {})));
      else quote.append(h("br"));
      quote.append(...inline(quoted[1]));
      return;
    }
    if (index && !quote) parts.push(h("br"));
    quote = null;
    parts.push(...inline(line));
  });
  return parts;
}

const TOKEN = /<([@#!]?)([^<>|]+)(?:\|([^<>]*))?>|`([^`\n]+)`|:([a-z0-9_+\-']+(?:::skin-tone-[2-6])?):/g;

function inline(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    parts.push(text.slice(end, match.index), token(match));
    end = match.index + match[0].length;
  }
  parts.push(text.slice(end));
  return styled(parts.filter((part) => part !== ""));
}

function token([whole, sign, target, label, code, name]) {
  if (code !== undefined) return h("code", {}, unescape(code));
  if (name !== undefined) return emoji(name) === whole ? whole : h("span", { class: "emoji", role: "img", "aria-label": name }, emoji(name));
  if (sign === "@") return mention(target);
  if (sign === "#") return channelLink(target, label);
  if (sign === "!") return special(target, label);
  return link(unescape(target), label ? unescape(label) : null);
}

function special(target, label) {
  if (target.startsWith("date^")) return dateToken(target, label);
  if (["here", "channel", "everyone"].includes(target)) return h("span", { class: "mention me" }, `@${target}`);
  return label || `@${target.split("^")[0]}`;
}

export function dateToken(target, fallback) {
  const [, seconds, format] = target.split("^");
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) return fallback || target;
  const day = (style) => date.toLocaleDateString("en", style);
  const long = { year: "numeric", month: "long", day: "numeric" };
  const known = {
    date_num: date.toISOString().slice(0, 10),
    date: day(long), date_pretty: day(long), date_slash: day({}),
    date_short: day({ year: "numeric", month: "short", day: "numeric" }), date_short_pretty: day({ year: "numeric", month: "short", day: "numeric" }),
    date_long: day({ weekday: "long", ...long }), date_long_pretty: day({ weekday: "long", ...long }),
    time: date.toLocaleTimeString("en", { hour: "numeric", minute: "2-digit" }),
    time_secs: date.toLocaleTimeString("en", { hour: "numeric", minute: "2-digit", second: "2-digit" }),
    ago: `${Math.max(0, Math.round((Date.now() - date) / 60000))} minutes ago`,
  };
  const text = (format || "{date}").replace(/\{(\w+)\}/g, (whole, name) => known[name] || whole);
  return h("time", { datetime: date.toISOString(), title: date.toLocaleString() }, text);
}

// Bold, italic and struck text, across the elements that stand in between.
const STYLES = [["*", "strong"], ["_", "em"], ["~", "s"]];

function styled(parts) {
  let done = parts;
  for (const [mark, tag] of STYLES) done = pairUp(done, mark, tag);
  return done.map((part) => (typeof part === "string" ? unescape(part) : part));
}

function pairUp(parts, mark, tag) {
  const cut = parts.flatMap((part) => (typeof part === "string" ? marks(part, mark) : [part]));
  const done = [];
  for (let at = 0; at < cut.length; at += 1) {
    const close = cut[at] && cut[at].opens ? cut.findIndex((part, index) => index > at + 1 && part.closes) : -1;
    if (close > 0) {
      const inner = cut.slice(at + 1, close).map((part) => (part.mark ? part.mark : part));
      done.push(h(tag, {}, pairDeeper(inner)));
      at = close;
    } else done.push(cut[at].mark || cut[at]);
  }
  return done;
}

function pairDeeper(parts) {
  let done = parts;
  for (const [mark, tag] of STYLES) done = pairUp(done, mark, tag);
  return done.map((part) => (typeof part === "string" ? unescape(part) : part));
}

// Cuts a string at every mark that can open (at a word's start) or close (at a word's end).
function marks(text, mark) {
  const parts = [];
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] !== mark) continue;
    const before = text[at - 1] || " ";
    const after = text[at + 1] || " ";
    const opens = !/[\w]/.test(before) && /\S/.test(after) && after !== mark;
    const closes = /\S/.test(before) && before !== mark && !/\w/.test(after);
    if (!opens && !closes) continue;
    if (at > from) parts.push(text.slice(from, at));
    parts.push({ mark, opens, closes });
    from = at + 1;
  }
  if (from < text.length) parts.push(text.slice(from));
  return parts;
}
