// A list of messages in order: groups, day lines, sticking to the end while one reads there.

import { fill, h } from "./dom.js";
import { renderMessage, timeOf } from "./messages.js";

const GROUP_SECONDS = 300;

export class Timeline {
  constructor(scroller, list, { inThread = false } = {}) {
    this.scroller = scroller;
    this.list = list;
    this.inThread = inThread;
    this.messages = new Map();
    this.order = [];
    // Sizes are only known once things are drawn: whoever reads at the end stays there.
    this.stuck = true;
    this.height = 0;
    scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    new ResizeObserver(() => this.stuck && this.toEnd()).observe(list);
  }

  get newest() {
    return this.order[this.order.length - 1];
  }

  atEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight < 80;
  }

  toEnd() {
    this.stuck = true;
    this.height = this.scroller.scrollHeight;
    this.scroller.scrollTop = this.height;
  }

  // A list that has changed its size scrolls too, without anybody leaving the end.
  scrolled() {
    if (this.stuck && this.scroller.scrollHeight !== this.height) this.toEnd();
    else this.stuck = this.atEnd();
  }

  show(messages) {
    this.messages = new Map(messages.map((message) => [message.ts, message]));
    this.order = messages.map((message) => message.ts);
    fill(this.list, this.order.flatMap((ts, index) => this.rows(index)));
    this.toEnd();
  }

  // Older messages, in front of what is there; what one looks at stays where it is.
  before(messages) {
    this.stuck = false;
    const height = this.scroller.scrollHeight;
    const top = this.scroller.scrollTop;
    for (const message of messages) this.messages.set(message.ts, message);
    this.order = [...messages.map((message) => message.ts), ...this.order];
    if (this.list.firstElementChild?.classList.contains("day")) this.list.firstElementChild.remove();
    // What was first may now belong to a group, so it is drawn again with the new ones.
    this.list.firstElementChild?.remove();
    this.list.prepend(...this.order.slice(0, messages.length + 1).flatMap((ts, index) => this.rows(index)));
    this.scroller.scrollTop = top + this.scroller.scrollHeight - height;
  }

  rows(index) {
    const message = this.messages.get(this.order[index]);
    const previous = index ? this.messages.get(this.order[index - 1]) : null;
    const day = timeOf(message.ts).toDateString();
    const newDay = !previous || timeOf(previous.ts).toDateString() !== day;
    const same = previous && !newDay && !message.is_ephemeral && !previous.is_ephemeral && previous.user === message.user && previous.username === message.username && previous.subtype !== "tombstone";
    const compact = Boolean(same && Number(message.ts) - Number(previous.ts) < GROUP_SECONDS && !(previous.reply_count > 0 && !this.inThread));
    const line = newDay && !this.inThread ? h("div", { class: "day", role: "separator" }, h("span", {}, dayName(message.ts))) : null;
    const row = renderMessage(message, { compact, inThread: this.inThread });
    return line ? [line, row] : [row];
  }

  element(ts) {
    return this.list.querySelector(`[data-ts="${ts}"]`);
  }

  // Adds a message, or replaces the one with its timestamp.
  put(message, force = false) {
    const stick = this.stuck || this.atEnd() || force;
    if (this.messages.has(message.ts)) {
      this.messages.set(message.ts, message);
      const rows = this.rows(this.order.indexOf(message.ts));
      redraw(this.element(message.ts), rows[rows.length - 1]);
    } else {
      this.messages.set(message.ts, message);
      this.order.push(message.ts);
      this.list.append(...this.rows(this.order.length - 1));
    }
    if (stick) this.toEnd();
  }

  remove(ts) {
    if (!this.messages.delete(ts)) return;
    const at = this.order.indexOf(ts);
    this.order.splice(at, 1);
    const element = this.element(ts);
    if (element.previousElementSibling?.classList.contains("day") && !(element.nextElementSibling && !element.nextElementSibling.classList.contains("day"))) element.previousElementSibling.remove();
    element.remove();
    if (at < this.order.length) this.put(this.messages.get(this.order[at]));
  }
}

// Until the new one is drawn it is as high as the old one, so that nothing jumps; what had the focus keeps it.
function redraw(old, row) {
  const held = old.contains(document.activeElement) ? document.activeElement : null;
  row.style.containIntrinsicBlockSize = `auto ${old.offsetHeight}px`;
  old.replaceWith(row);
  if (held) [...row.querySelectorAll(held.tagName)].find((each) => named(each) === named(held))?.focus({ preventScroll: true });
}

const named = (element) => element.getAttribute("aria-label") || element.textContent;

function dayName(ts) {
  const date = timeOf(ts);
  const today = new Date();
  const yesterday = new Date(today.getTime() - 86400000);
  if (date.toDateString() === today.toDateString()) return "Today";
  if (date.toDateString() === yesterday.toDateString()) return "Yesterday";
  return date.toLocaleDateString("en", { weekday: "long", month: "long", day: "numeric" });
}
