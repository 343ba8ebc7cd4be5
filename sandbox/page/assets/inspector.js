// Every request and event between Slack and the app, with payload and timing; replay; faults.

import { get, post, remove } from "./api.js";
import { announce, fill, h, icon, iconButton } from "./dom.js";
import { store } from "./store.js";

const SLOW = 3000;
const KEEP = 500;
const KINDS = ["error", "ratelimited", "status", "slow", "drop_before", "drop_after", "not_json"];

export class Inspector {
  constructor(root, onClose) {
    this.root = root;
    this.exchanges = new Map();
    this.filter = "";
    this.onlyFailed = false;
    this.list = h("ol", { class: "exchanges", "aria-label": "Exchanges" });
    this.summary = h("span", { class: "muted", role: "status" });
    const search = h("input", { type: "search", placeholder: "Filter", "aria-label": "Filter exchanges", oninput: (event) => ((this.filter = event.target.value.toLowerCase()), this.draw()) });
    const failed = h("label", { class: "choice" }, h("input", { type: "checkbox", onchange: (event) => ((this.onlyFailed = event.target.checked), this.draw()) }), "Problems only");
    fill(
      root,
      h("header", { class: "pane-head" }, h("div", {}, h("h2", {}, "Inspector"), this.summary), iconButton("close", "Close the inspector", onClose)),
      h("div", { class: "inspector-tools" }, search, failed),
      this.faults(),
      this.list,
    );
  }

  async load() {
    const { exchanges } = await get("exchanges");
    this.exchanges = new Map(exchanges.slice(-KEEP).map((each) => [each.id, each]));
    this.draw();
  }

  add(exchange) {
    this.exchanges.set(exchange.id, exchange);
    if (this.exchanges.size > KEEP) this.exchanges.delete(this.exchanges.keys().next().value);
    if (this.matches(exchange)) {
      const known = this.list.querySelector(`[data-id="${exchange.id}"]`);
      if (known) known.replaceWith(this.row(exchange));
      else this.list.prepend(this.row(exchange));
    }
    this.count();
  }

  matches(exchange) {
    const text = `${exchange.name} ${exchange.direction} ${exchange.error || ""}`.toLowerCase();
    return (!this.onlyFailed || exchange.ok === false || exchange.ms > SLOW) && text.includes(this.filter);
  }

  draw() {
    fill(this.list, [...this.exchanges.values()].reverse().filter((each) => this.matches(each)).map((each) => this.row(each)));
    this.count();
  }

  count() {
    const all = [...this.exchanges.values()];
    const bad = all.filter((each) => each.ok === false || each.ms > SLOW).length;
    this.summary.textContent = `${all.length} exchanges, ${bad} with a problem`;
  }

  row(exchange) {
    const out = exchange.direction !== "call";
    const bad = exchange.ok === false || exchange.ms > SLOW;
    const time = new Date(exchange.started * 1000).toLocaleTimeString("en", { hour12: false });
    const label = out ? "to the app" : "from the app";
    const took = exchange.ms === null ? "…" : `${Math.round(exchange.ms)} ms`;
    const inside = () => [
      exchange.error && h("p", { class: "problem" }, icon("alert", 16), exchange.error),
      h("p", { class: "muted" }, [`${time} · ${exchange.transport}`, exchange.attempt ? `retry ${exchange.attempt} (${exchange.retry_reason})` : null, exchange.status].filter(Boolean).join(" · ")),
      json(out ? "Payload" : "Arguments", exchange.payload),
      exchange.response !== null && json(out ? "Acknowledgement" : "Answer", exchange.response),
      out && h("button", { type: "button", class: "button small", onclick: () => this.replay(exchange) }, icon("replay", 15), "Send again"),
    ];
    const details = h(
      "details",
      {},
      h("summary", {}, h("span", { class: `arrow ${out ? "out" : "in"}`, role: "img", "aria-label": label }, icon(out ? "down" : "up", 15)), h("span", { class: "kind" }, exchange.direction), h("span", { class: "name" }, exchange.name), exchange.attempt > 0 && h("span", { class: "badge" }, `retry ${exchange.attempt}`), h("span", { class: bad ? "took bad" : "took" }, exchange.ok === false ? exchange.error || "failed" : took)),
    );
    details.addEventListener("toggle", () => details.open && details.children.length === 1 && details.append(...inside().flat().filter(Boolean)));
    return h("li", { class: bad ? "exchange bad" : "exchange", dataset: { id: exchange.id } }, details);
  }

  async replay(exchange) {
    await post("redeliver", { id: exchange.id }).then(() => announce("Sent again"), (error) => announce(error.message, "error"));
  }

  faults() {
    const method = h("input", { type: "text", value: "chat.postMessage", "aria-label": "Method", list: "methods" });
    const kind = h("select", { "aria-label": "Fault" }, KINDS.map((name) => h("option", { value: name }, name.replace("_", " "))));
    const times = h("input", { type: "number", min: 1, max: 100, value: 1, "aria-label": "Times" });
    const order = async (event) => {
      event.preventDefault();
      await this.ask(() => post("faults", { method: method.value.trim(), kind: kind.value, times: Number(times.value) }), `The next ${times.value} ${method.value} will suffer: ${kind.value}`);
    };
    const app = () => store.apps[0]?.id;
    const actions = [
      ["Reconnect sockets", () => post("sockets/refresh", { app: app() })],
      ["Cut sockets", () => post("sockets/drop", { app: app() })],
      ["Revoke token", () => post("tokens/revoke", { app: app() })],
      ["Restore token", () => post("tokens/revoke", { app: app(), restore: true })],
      ["Clear faults", () => remove("faults")],
    ];
    return h(
      "details",
      { class: "faults" },
      h("summary", {}, "Cause trouble"),
      h("form", { onsubmit: order }, h("div", { class: "fault-line" }, method, kind, times, h("button", { type: "submit", class: "button small danger" }, "Order"))),
      h("div", { class: "fault-line" }, actions.map(([name, act]) => h("button", { type: "button", class: "button small", onclick: () => this.ask(act, `${name}: done`) }, name))),
    );
  }

  async ask(act, done) {
    try {
      await act();
      announce(done);
    } catch (error) {
      announce(error.message, "error");
    }
  }
}

function json(title, value) {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return h("div", { class: "json" }, h("strong", {}, title), h("pre", { tabindex: "0", role: "group", "aria-label": title }, text));
}
