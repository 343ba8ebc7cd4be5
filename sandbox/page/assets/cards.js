// Task cards, plans, cards and carousels.

import { h, icon } from "./dom.js";
import { element } from "./elements.js";
import { link, textObject } from "./mrkdwn.js";
import { richText } from "./richtext.js";

const LABELS = { pending: "Not started", in_progress: "In progress", complete: "Done", error: "Failed" };

function statusMark(status) {
  const known = LABELS[status] ? status : "pending";
  const mark = h("span", { class: `task-status ${known}`, role: "img", "aria-label": LABELS[known] });
  if (known === "complete") mark.append(icon("check", 12));
  if (known === "error") mark.append(icon("close", 12));
  return mark;
}

function taskCard(block) {
  const sources = (block.sources || []).map((source) => h("span", { class: "source" }, link(source.url, source.text)));
  const more = [
    block.details && h("div", { class: "task-details" }, richText(block.details)),
    block.output && h("div", { class: "task-output" }, richText(block.output)),
    sources.length > 0 && h("div", { class: "task-sources" }, sources),
  ].filter(Boolean);
  const title = [statusMark(block.status), h("span", { class: "task-title" }, block.title)];
  if (!more.length) return h("div", { class: "task-card" }, h("div", { class: "task-head" }, title));
  return h("details", { class: "task-card", open: block.status !== "complete" }, h("summary", { class: "task-head" }, title), more);
}

function plan(block) {
  const tasks = block.tasks || [];
  const done = tasks.filter((task) => task.status === "complete").length;
  return h(
    "section",
    { class: "plan", "aria-label": block.title || "Plan" },
    h("div", { class: "plan-head" }, h("strong", {}, block.title || "Working"), tasks.length > 0 && h("span", { class: "muted" }, `${done} of ${tasks.length}`)),
    tasks.map((task) => taskCard(task)),
  );
}

function picture(item, kind) {
  return item && h("img", { class: kind, src: item.image_url || `/page/file/${item.slack_file.id}`, alt: item.alt_text, loading: "lazy" });
}

function card(block, context) {
  return h(
    "article",
    { class: "card" },
    picture(block.hero_image, "card-hero"),
    h(
      "div",
      { class: "card-body" },
      h("div", { class: "card-head" }, picture(block.icon, "card-icon"), h("div", {}, block.title && h("strong", {}, textObject(block.title)), block.subtitle && h("div", { class: "muted" }, textObject(block.subtitle)))),
      block.body && h("div", {}, textObject(block.body)),
      block.actions && h("div", { class: "block-actions" }, block.actions.map((each) => element(each, block, context))),
    ),
  );
}

function carousel(block, context, renderBlock) {
  return h("div", { class: "carousel", tabindex: "0", role: "group", "aria-label": "Cards" }, block.elements.map((each) => renderBlock(each, context)));
}

export const cards = { task_card: taskCard, plan, card, carousel };
