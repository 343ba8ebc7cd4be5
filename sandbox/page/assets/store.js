// What the page knows: people, channels, apps, where the viewer is, and what is unread.

import { get } from "./api.js";

export const store = {
  me: null,
  team: null,
  people: new Map(),
  channels: new Map(),
  apps: [],
  place: null, // a channel id, or "app/A0..."
  thread: null,
  online: false,
  last: 0,
};

const listeners = new Map();

export function on(event, listener) {
  if (!listeners.has(event)) listeners.set(event, new Set());
  listeners.get(event).add(listener);
}

export function tell(event, data) {
  for (const listener of listeners.get(event) || []) listener(data);
}

export async function load() {
  const state = await get("state");
  const wanted = new URLSearchParams(location.search).get("as") || localStorage.getItem("sandbox.as");
  store.team = state.team;
  store.apps = state.apps;
  store.last = state.last;
  store.people = new Map(state.people.map((person) => [person.id, person]));
  const people = humans();
  store.me = people.find((person) => person.name === wanted || person.id === wanted) || people[0];
  localStorage.setItem("sandbox.as", store.me.name);
  store.channels = new Map();
  for (const channel of state.channels) keep(channel);
}

export async function refresh() {
  const state = await get("state");
  store.apps = state.apps;
  for (const person of state.people) store.people.set(person.id, person);
  for (const channel of state.channels) keep(channel);
  tell("sidebar");
}

function keep(channel) {
  store.channels.set(channel.id, { ...store.channels.get(channel.id), ...channel });
}

export const humans = () => [...store.people.values()].filter((person) => !person.is_bot && !person.deleted);
export const isMember = (channel) => channel.members.includes(store.me.id);

export function personName(id) {
  if (id === "USLACKBOT") return "Slackbot";
  const person = store.people.get(id);
  return person ? person.profile.display_name || person.real_name || person.name : id;
}

export function appOf(message) {
  return store.apps.find((app) => app.id === message.app_id || app.bot_user_id === message.user);
}

export function otherIn(channel) {
  return channel.members.find((id) => id !== store.me.id) || store.me.id;
}

export function channelTitle(channel) {
  if (channel.is_im) return personName(otherIn(channel));
  if (channel.is_mpim) return channel.members.filter((id) => id !== store.me.id).map(personName).join(", ");
  return channel.name;
}

// Read marks live in the browser, per person.
const markKey = () => `sandbox.read.${store.team.id}.${store.me.id}`;

export function readMarks() {
  return JSON.parse(localStorage.getItem(markKey()) || "{}");
}

export function markRead(channel, ts) {
  const marks = readMarks();
  if (ts && ts > (marks[channel] || "0")) {
    marks[channel] = ts;
    localStorage.setItem(markKey(), JSON.stringify(marks));
  }
}

export function isUnread(channel) {
  return Boolean(channel.latest) && channel.latest > (readMarks()[channel.id] || "0");
}
