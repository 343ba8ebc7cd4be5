// Blocks, each turned into an element. `context` says what they stand in and takes their actions.

import { cards } from "./cards.js";
import { chart } from "./charts.js";
import { h, icon } from "./dom.js";
import { element, inputField } from "./elements.js";
import { markdown } from "./markdown.js";
import { link, textObject } from "./mrkdwn.js";
import { richText } from "./richtext.js";
import { dataTable, table } from "./tables.js";

export function renderBlocks(blocks, context) {
  return h("div", { class: "blocks" }, (blocks || []).map((block) => renderBlock(block, context)));
}

const RENDERERS = {
  section,
  header: (block) => h("div", { class: "block-header", role: "heading", "aria-level": "3" }, textObject(block.text)),
  divider: () => h("hr", { class: "block-divider" }),
  context: (block) => h("div", { class: "block-context" }, block.elements.map((item) => (item.type === "image" ? image(item) : textObject(item)))),
  actions: (block, context) => h("div", { class: "block-actions" }, block.elements.map((each) => element(each, block, context))),
  context_actions: (block, context) => h("div", { class: "block-actions quiet" }, block.elements.map((each) => element(each, block, context))),
  input: (block, context) => inputField(block, context),
  image: imageBlock,
  rich_text: (block) => richText(block),
  markdown: (block) => markdown(block.text),
  table: (block) => table(block, richText),
  data_table: (block) => dataTable(block, richText),
  data_visualization: (block) => chart(block),
  video: (block) => h("figure", { class: "block-image" }, link(block.title_url || block.video_url, block.title.text), image({ image_url: block.thumbnail_url, alt_text: block.alt_text })),
  file: (block) => h("div", { class: "block-file" }, icon("file"), `Remote file ${block.external_id}`),
  alert: (block) => h("div", { class: `block-alert ${block.level || "default"}`, role: "note" }, icon("alert"), textObject(block.text)),
  container,
  ...cards,
};

export function renderBlock(block, context) {
  const renderer = RENDERERS[block.type];
  if (!renderer) return h("div", { class: "block-unknown" }, `A ${block.type} block, which this page cannot show`);
  const shown = renderer(block, context, renderBlock);
  shown.dataset.blockId = block.block_id || "";
  return shown;
}

function section(block, context) {
  const fields = (block.fields || []).map((field) => h("div", { class: "field" }, textObject(field)));
  const body = h("div", { class: "section-body" }, block.text && h("div", {}, textObject(block.text)), fields.length > 0 && h("div", { class: "fields" }, fields));
  if (!block.accessory) return h("div", { class: "block-section" }, body);
  const accessory = block.accessory.type === "image" ? image(block.accessory) : element(block.accessory, block, context);
  return h("div", { class: "block-section" }, body, h("div", { class: "accessory" }, accessory));
}

function address(item) {
  if (item.slack_file) return item.slack_file.id ? `/page/file/${item.slack_file.id}` : item.slack_file.url.replace("/files-pri/", "/page/private/");
  return item.image_url;
}

export function image(item) {
  return h("img", { src: address(item), alt: item.alt_text, loading: "lazy" });
}

function imageBlock(block) {
  const title = block.title && h("figcaption", {}, textObject(block.title));
  return h("figure", { class: "block-image" }, title, image(block));
}

function container(block, context) {
  const title = block.rich_text_title ? richText(block.rich_text_title) : textObject(block.title);
  const head = [block.icon && image(block.icon), h("span", { class: "container-title" }, title), block.subtitle && h("span", { class: "muted" }, textObject(block.subtitle))];
  const inner = block.child_blocks.map((child) => renderBlock(child, context));
  if (!block.is_collapsible) return h("div", { class: `block-container ${block.width || "standard"}` }, h("div", { class: "container-head" }, head), inner);
  return h("details", { class: `block-container ${block.width || "standard"}`, open: !block.default_collapsed }, h("summary", { class: "container-head" }, head), inner);
}
