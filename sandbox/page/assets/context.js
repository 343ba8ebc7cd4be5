// What interactive elements talk to: a message, or a view.

import { post } from "./api.js";
import { announce } from "./dom.js";
import { store } from "./store.js";

const TEXT = ["plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input"];

export function initialValue(spec) {
  if (spec.initial_option) return spec.type === "external_select" ? spec.initial_option : spec.initial_option.value;
  if (spec.initial_options) return spec.type === "multi_external_select" ? spec.initial_options : spec.initial_options.map((option) => option.value);
  const key = Object.keys(spec).find((name) => name.startsWith("initial_"));
  return key ? spec[key] : undefined;
}

async function press(where, spec, block, value) {
  const answer = await post("press", { as: store.me.id, ...where, action_id: spec.action_id, block_id: block.block_id, value });
  if (!answer.ok) throw new Error(answer.error);
}

async function suggest(where, spec, block, query) {
  const answer = await post("suggest", { as: store.me.id, ...where, action_id: spec.action_id, block_id: block.block_id, query });
  return [{ options: answer.options }];
}

export function messageContext(message) {
  const where = { channel: message.channel, ts: message.ts };
  const act = (spec, block, value) => press(where, spec, block, value);
  return {
    act,
    suggest: (spec, block, query) => suggest(where, spec, block, query),
    value: (blockId, spec) => initialValue(spec),
    changed: (spec, block, value) => act(spec, block, value).catch((error) => announce(`The app did not answer: ${error.message}`, "error")),
  };
}

// `values` outlives re-rendering: block id -> action id -> value.
export function viewContext(view, values) {
  const where = { view_id: view.id };
  const sync = async () => {
    const filled = {};
    for (const [block, actions] of Object.entries(values)) for (const value of Object.values(actions)) filled[block] = value;
    if (Object.keys(filled).length) await post("fill", { as: store.me.id, view_id: view.id, values: filled });
  };
  const act = async (spec, block, value) => {
    await sync();
    await press(where, spec, block, value);
  };
  return {
    act,
    suggest: (spec, block, query) => suggest(where, spec, block, query),
    value: (blockId, spec) => (values[blockId] || {})[spec.action_id] ?? initialValue(spec),
    changed(spec, block, value) {
      if (block.type === "input") values[block.block_id] = { ...values[block.block_id], [spec.action_id]: value };
      if ((block.type !== "input" || block.dispatch_action) && !TEXT.includes(spec.type)) {
        act(spec, block, value).catch((error) => announce(`The app did not answer: ${error.message}`, "error"));
      }
    },
  };
}
