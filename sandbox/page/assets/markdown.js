// The standard Markdown of markdown blocks and streams.

import { h } from "./dom.js";
import { channelLink, link, mention, withEmoji } from "./mrkdwn.js";

export function markdown(text) {
  return h("div", { class: "markdown" }, blocks(text.replaceAll("\r\n", "\n").split("\n")));
}

const RULE = /^ {0,3}([-*_])( *\1){2,} *$/;
const ITEM = /^( *)([-*+]|\d{1,9}[.)]) +(.*)$/;

function blocks(lines) {
  const done = [];
  let at = 0;
  while (at < lines.length) {
    const [element, next] = block(lines, at);
    if (element) done.push(element);
    at = next;
  }
  return done;
}

function block(lines, at) {
  const line = lines[at];
  if (!line.trim()) return [null, at + 1];
  const fence = line.match(/^ {0,3}(```+|~~~+)(.*)$/);
  if (fence) return codeBlock(lines, at, fence[1]);
  const heading = line.match(/^(#{1,6}) +(.*?)( +#+)?$/);
  if (heading) return [h("div", { class: `md-h md-h${heading[1].length}`, role: "heading", "aria-level": String(Math.max(3, heading[1].length)) }, spans(heading[2])), at + 1];
  if (RULE.test(line)) return [h("hr"), at + 1];
  if (line.startsWith(">")) return quote(lines, at);
  if (ITEM.test(line)) return list(lines, at);
  if (line.includes("|") && /^ *\|?[ :|-]*-[ :|-]*$/.test(lines[at + 1] || "") && (lines[at + 1] || "").includes("-")) return table(lines, at);
  let end = at + 1;
  while (end < lines.length && lines[end].trim() && !/^(#{1,6} |>|```|~~~)/.test(lines[end]) && !ITEM.test(lines[end])) end += 1;
  return [h("p", {}, spans(lines.slice(at, end).join("\n"))), end];
}

function codeBlock(lines, at, fence) {
  let end = at + 1;
  while (end < lines.length && !lines[end].trim().startsWith(fence)) end += 1;
  return [h("pre", {}, h("code", {}, lines.slice(at + 1, end).join("\n"))), end + 1];
}

function quote(lines, at) {
  let end = at;
  while (end < lines.length && lines[end].startsWith(">")) end += 1;
  return [h("blockquote", {}, blocks(lines.slice(at, end).map((line) => line.replace(/^> ?/, "")))), end];
}

function list(lines, at) {
  const [, indent, marker] = lines[at].match(ITEM);
  const ordered = /\d/.test(marker);
  const element = h(ordered ? "ol" : "ul", ordered ? { start: parseInt(marker, 10) } : {});
  let end = at;
  while (end < lines.length) {
    const item = lines[end].match(ITEM);
    if (!item || item[1].length < indent.length || /\d/.test(item[2]) !== ordered) break;
    const body = [item[3]];
    end += 1;
    while (end < lines.length && (lines[end].startsWith(`${indent}  `) && lines[end].trim())) body.push(lines[end++].slice(indent.length + 2));
    const [first, ...rest] = body;
    element.append(h("li", {}, task(first), blocks(rest)));
    while (end < lines.length && !lines[end].trim() && ITEM.test(lines[end + 1] || "")) end += 1;
  }
  return [element, Math.max(end, at + 1)];
}

function task(text) {
  const box = text.match(/^\[([ xX])\] +(.*)$/);
  return box ? [box[1] === " " ? "☐ " : "☑ ", spans(box[2])] : spans(text);
}

function cells(line) {
  return line.trim().replace(/^\||\|$/g, "").split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}

function table(lines, at) {
  let end = at + 2;
  while (end < lines.length && lines[end].includes("|")) end += 1;
  const head = h("tr", {}, cells(lines[at]).map((cell) => h("th", { scope: "col" }, spans(cell))));
  const rows = lines.slice(at + 2, end).map((line) => h("tr", {}, cells(line).map((cell) => h("td", {}, spans(cell)))));
  return [h("div", { class: "table-wrap" }, h("table", {}, h("thead", {}, head), h("tbody", {}, rows))), end];
}

const SPAN = /`([^`]+)`|!?\[([^\]]*)\]\(([^()\s]+(?:\([^()]*\))?)[^)]*\)|<([@#!]?)([^<>|\s]+)(?:\|([^<>]*))?>|(https?:\/\/[^\s<>)]+)|\*\*(\S(?:.*?\S)?)\*\*|__(\S(?:.*?\S)?)__|~~(\S(?:.*?\S)?)~~|\*(\S(?:.*?\S)?)\*|(?<!\w)_(\S(?:.*?\S)?)_(?!\w)|\\([\\`*_{}[\]()#+\-.!~>|])|\n/s;

export function spans(text) {
  const parts = [];
  let left = text;
  for (let match; (match = left.match(SPAN)); ) {
    if (match.index) parts.push(withEmoji(left.slice(0, match.index)));
    parts.push(span(match));
    left = left.slice(match.index + match[0].length);
  }
  if (left) parts.push(withEmoji(left));
  return parts;
}

function span([whole, code, label, url, sign, target, name, bare, bold, bold2, struck, italic, italic2, escaped]) {
  if (code !== undefined) return h("code", {}, code);
  if (url !== undefined) return link(url, label);
  if (target !== undefined) {
    if (sign === "@") return mention(target);
    if (sign === "#") return channelLink(target, name);
    return sign ? `@${target}` : link(target, name);
  }
  if (bare !== undefined) return link(bare);
  if (bold !== undefined || bold2 !== undefined) return h("strong", {}, spans(bold ?? bold2));
  if (struck !== undefined) return h("s", {}, spans(struck));
  if (italic !== undefined || italic2 !== undefined) return h("em", {}, spans(italic ?? italic2));
  if (escaped !== undefined) return escaped;
  return h("br");
}
