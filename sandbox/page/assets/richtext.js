// rich_text blocks.

import { h } from "./dom.js";
import { emoji } from "./emoji.js";
import { channelLink, dateToken, link, mention } from "./mrkdwn.js";

export function richText(block) {
  return h("div", { class: "rich-text" }, block.elements.map(part));
}

function part(element) {
  const inner = () => element.elements.map(inline);
  if (element.type === "rich_text_list") {
    const tag = element.style === "ordered" ? "ol" : "ul";
    const start = element.style === "ordered" && element.offset ? element.offset + 1 : null;
    return h(tag, { class: `indent-${element.indent || 0}`, start }, element.elements.map((item) => h("li", {}, item.elements.map(inline))));
  }
  if (element.type === "rich_text_preformatted") return h("pre", {}, h("code", {}, inner()));
  if (element.type === "rich_text_quote") return h("blockquote", {}, inner());
  return h("div", { class: "rich-section" }, inner());
}

function inline(element) {
  return style(element.style, content(element));
}

function content(element) {
  switch (element.type) {
    case "text":
      return element.text.split("\n").flatMap((line, index) => (index ? [h("br"), line] : [line]));
    case "link":
      return link(element.url, element.text);
    case "user":
      return mention(element.user_id);
    case "channel":
      return channelLink(element.channel_id);
    case "emoji":
      return h("span", { class: "emoji", role: "img", "aria-label": element.name }, emoji(element.name));
    case "broadcast":
      return h("span", { class: "mention me" }, `@${element.range}`);
    case "date":
      return dateToken(`date^${element.timestamp}^${element.format || "{date}"}`, element.fallback);
    case "color":
      return h("span", { class: "color-chip", style: `--chip: ${/^#[0-9a-f]{3,8}$/i.test(element.value) ? element.value : "transparent"}` }, element.value);
    default:
      return element.text || "";
  }
}

const TAGS = [["bold", "strong"], ["italic", "em"], ["strike", "s"], ["underline", "u"], ["code", "code"]];

function style(wanted, children) {
  let inner = children;
  for (const [name, tag] of TAGS) if (wanted && wanted[name]) inner = h(tag, {}, inner);
  return inner;
}
