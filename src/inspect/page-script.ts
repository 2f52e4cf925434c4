/**
 * What the page of the inspector does: it listens to the feed, has the chart drawn again when something has changed, and hands on what
 * it was sent to Stately's inspector if it is asked to. Whatever comes over the wire becomes text, and never markup.
 */
export const SCRIPT = String.raw`
'use strict';
const nonce = document.currentScript.nonce;
const query = location.search;
const here = (id) => document.getElementById(id);
const made = (tag, className, text) => {
  const element = document.createElement(tag);
  element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
};
const MOST_EVENTS = 300;
const MOST_KEPT = 2000;

let root = null;
let actors = new Map();
let kept = [];
let count = 0;
let selected = null;
let target = null;

const toneOf = (status) => LOOKS.tones[status] || 'plain';
const wordsOf = (status) => LOOKS.words[status] || String(status);
const statusOf = (actor) => actor === root ? actor.snapshot.context.status : actor.snapshot.value;
const pathOf = (id) => root === null || id === root.sessionId ? '' : id.slice(root.sessionId.length + 1);

function forget() {
  root = null;
  actors = new Map();
  kept = [];
  count = 0;
  selected = null;
  here('actors').replaceChildren();
  here('events').replaceChildren();
}

const DUE = new Intl.DateTimeFormat(undefined, { dateStyle: 'short', timeStyle: 'medium' });
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
function moreOf({ snapshot: { context, error } }) {
  const parts = [];
  if (context.counts) parts.push(Object.entries(context.counts).map(([status, many]) => many.toLocaleString() + ' ' + wordsOf(status)).join(', '));
  if (context.attempt > 1) parts.push('attempt ' + context.attempt);
  if (context.waitsFor && !['body', 'children', 'start'].includes(context.waitsFor)) parts.push('waits for ' + context.waitsFor);
  if (context.due) parts.push('until ' + DUE.format(context.due));
  if (error) parts.push(error.code);
  return parts.join(' · ');
}

function barOf(counts) {
  const bar = made('span', 'bar');
  const sum = Object.values(counts).reduce((all, many) => all + many, 0);
  for (const [status, many] of Object.entries(counts)) {
    const part = made('i', 'tone-' + toneOf(status));
    part.style.width = (100 * many) / Math.max(1, sum) + '%';
    bar.append(part);
  }
  return bar;
}

function drawActor(actor) {
  if (actor === root) {
    const status = statusOf(actor);
    const pill = here('status');
    pill.className = 'pill tone-' + toneOf(status);
    pill.textContent = LOOKS.signs[toneOf(status)] + ' ' + wordsOf(status);
    document.title = LOOKS.signs[toneOf(status)] + ' ' + root.sessionId + ' · Signalbox';
    return;
  }
  const status = statusOf(actor);
  const { row } = actor;
  row.className = (actor.path.includes('/') ? '' : 'track ') + 'tone-' + toneOf(status);
  const parts = [made('span', 'sign', LOOKS.signs[toneOf(status)]), made('span', 'name', actor.name), made('span', 'more', moreOf(actor))];
  if (actor.snapshot.context.counts) parts.push(barOf(actor.snapshot.context.counts));
  parts.push(made('span', 'state', wordsOf(status)));
  parts[0].style.marginLeft = 16 * actor.depth + 'px';
  row.firstChild.replaceChildren(...parts);
}

function addActor(event) {
  const known = actors.get(event.sessionId);
  if (known !== undefined) return Object.assign(known, { snapshot: event.snapshot });
  const actor = { ...event };
  actors.set(event.sessionId, actor);
  if (event.parentId === undefined) {
    root = actor;
    here('run').textContent = event.sessionId;
    const { meta } = JSON.parse(event.definition);
    here('what').textContent = event.name + (meta && meta.version ? ', version ' + meta.version : '');
    return actor;
  }
  actor.path = pathOf(event.sessionId);
  const parent = actors.get(event.parentId);
  actor.depth = parent === undefined || parent === root ? 0 : parent.depth + 1;
  actor.row = made('li', '');
  const button = made('button', '');
  button.type = 'button';
  button.setAttribute('aria-pressed', 'false');
  button.title = actor.path;
  button.addEventListener('click', () => select(selected === actor ? null : actor));
  actor.row.append(button);
  // Behind the last one below its parent.
  let before = parent === undefined || parent === root ? here('actors').lastElementChild : parent.row;
  if (parent !== undefined && parent !== root) {
    const inside = parent.path + '/';
    while (before.nextElementSibling !== null && before.nextElementSibling.firstChild.title.startsWith(inside)) before = before.nextElementSibling;
  }
  if (before === null) here('actors').prepend(actor.row);
  else before.after(actor.row);
  return actor;
}

function select(actor) {
  if (selected !== null) selected.row.firstChild.setAttribute('aria-pressed', 'false');
  selected = actor;
  if (actor !== null) actor.row.firstChild.setAttribute('aria-pressed', 'true');
  here('all').hidden = actor === null;
  drawDetail();
  // What has come and is not drawn yet is among them.
  fresh = [];
  here('events').replaceChildren(...kept.filter(isShown).slice(-MOST_EVENTS).reverse().map(rowOf));
}
here('all').addEventListener('click', () => select(null));

function drawDetail() {
  const detail = here('detail');
  detail.hidden = selected === null;
  if (selected === null) return;
  const { path, snapshot } = selected;
  const { context, status, error } = snapshot;
  detail.textContent = path + '\n' + JSON.stringify({ status: snapshot.value, ...context, ...(error ? { error } : {}) }, null, 2);
}

const isShown = (event) => selected === null || event.sessionId === selected.sessionId || event.sessionId.startsWith(selected.sessionId + '/');

function rowOf({ event, sessionId }) {
  const happened = event.type.slice(event.type.indexOf('.') + 1);
  const status = happened === 'started' || happened === 'resumed' ? 'running' : happened;
  const row = made('li', 'tone-' + toneOf(status));
  const time = made('time', '', CLOCK.format(event.at));
  const path = pathOf(sessionId);
  const more = (event.attempt > 1 ? ', attempt ' + event.attempt : '') + (event.error ? ' (' + event.error.code + ')' : '');
  row.append(time, made('span', 'where', path === '' ? 'the run' : path), made('span', 'happened', event.type + more));
  row.title = path;
  return row;
}

function addEvent(event) {
  count += 1;
  kept.push(event);
  if (kept.length > MOST_KEPT) kept.splice(0, kept.length - MOST_KEPT);
  if (isShown(event)) fresh.push(event);
}

let fresh = [];
let changed = new Set();
let isDue = false;
/** Once for all that has come since the screen was drawn. */
function draw() {
  isDue = false;
  for (const actor of changed) drawActor(actor);
  if (selected !== null && changed.has(selected)) drawDetail();
  changed = new Set();
  const list = here('events');
  list.prepend(...fresh.slice(-MOST_EVENTS).reverse().map(rowOf));
  fresh = [];
  while (list.childElementCount > MOST_EVENTS) list.lastElementChild.remove();
  here('actors-count').textContent = actors.size > 1 ? (actors.size - 1).toLocaleString() : '';
  here('events-count').textContent = count > 0 ? count.toLocaleString() : '';
}

function take(event) {
  if (event.type === '@xstate.event') addEvent(event);
  else if (event.type === '@xstate.actor') changed.add(addActor(event));
  else if (actors.has(event.sessionId)) changed.add(Object.assign(actors.get(event.sessionId), { snapshot: event.snapshot }));
  if (target !== null) hand(event);
  wantChart();
  if (isDue) return;
  isDue = true;
  // A tab in the background is drawn, too, only later.
  setTimeout(draw, 30);
}

// The chart: drawn again when something has changed, and no sooner than it took to draw it.
let isDrawing = false;
let isStale = true;
async function wantChart() {
  isStale = true;
  if (isDrawing) return;
  isDrawing = true;
  while (isStale) {
    isStale = false;
    const began = performance.now();
    await drawChart();
    await new Promise((resolve) => setTimeout(resolve, Math.max(300, 5 * (performance.now() - began))));
  }
  isDrawing = false;
}
// As wide as there is room for, and never too small to be read, unless all of it is wanted.
const READABLE = 0.72;
function sizeChart() {
  const svg = here('drawing').querySelector('svg');
  if (svg === null) return;
  const { width, height } = svg.viewBox.baseVal;
  const { clientWidth, clientHeight } = here('drawing');
  const isWhole = here('whole').getAttribute('aria-pressed') === 'true';
  const room = here('chart').clientHeight || clientHeight;
  const scale = isWhole ? Math.min(1, clientWidth / width, room / height) : Math.min(1, Math.max(READABLE, clientWidth / width));
  svg.setAttribute('width', Math.floor(width * scale));
  svg.setAttribute('height', Math.floor(height * scale));
}
here('whole').addEventListener('click', () => {
  const isWhole = here('whole').getAttribute('aria-pressed') === 'true';
  here('whole').setAttribute('aria-pressed', String(!isWhole));
  sizeChart();
});
addEventListener('resize', sizeChart);
async function drawChart() {
  try {
    const answer = await fetch('/diagram.svg' + query);
    const text = await answer.text();
    if (!answer.ok) throw new Error(text);
    // Its styles are let in by the nonce as soon as they are read.
    const ours = text.replace('<style>', '<style nonce="' + nonce + '">');
    const { documentElement: svg } = new DOMParser().parseFromString(ours, 'image/svg+xml');
    const own = document.importNode(svg, true);
    for (const style of own.querySelectorAll('style')) style.nonce = nonce;
    for (const script of own.querySelectorAll('script')) script.remove();
    here('drawing').replaceChildren(own);
    sizeChart();
  } catch (error) {
    if (here('drawing').querySelector('svg') === null) here('drawing').replaceChildren(made('p', 'empty', error.message));
  }
}

function link(className, text) {
  here('link').className = 'quiet ' + className;
  here('link').lastElementChild.textContent = text;
}
const FINAL = { 1000: 'the run has ended', 4404: 'the run is not there any more' };
function listen() {
  const socket = new WebSocket('ws://' + location.host + '/feed' + query);
  socket.addEventListener('open', () => {
    forget();
    link('live', 'live');
  });
  socket.addEventListener('message', ({ data }) => take(JSON.parse(data)));
  socket.addEventListener('close', ({ code }) => {
    if (FINAL[code] !== undefined) return link(code === 1000 ? '' : 'lost', FINAL[code]);
    link('lost', 'not connected; trying again');
    setTimeout(listen, 2000);
  });
}

// Stately's inspector says when it is ready, and takes what the package's own page would hand it.
const STATELY = 'https://stately.ai';
const plain = ({ row, path, depth, ...event }) => event;
function hand(event) {
  if (target.isReady) target.window.postMessage(event, STATELY);
}
here('stately').addEventListener('click', () => {
  target = { window: window.open(STATELY + '/inspect', 'signalbox-stately'), isReady: false };
});
addEventListener('message', ({ data, origin, source }) => {
  if (target === null || source !== target.window || origin !== STATELY || !data || data.type !== '@statelyai.connected') return;
  target.isReady = true;
  for (const actor of actors.values()) hand(plain(actor));
  for (const event of kept) hand(event);
  for (const actor of actors.values())
    hand({ type: '@xstate.snapshot', event: { type: '' }, snapshot: actor.snapshot, sessionId: actor.sessionId,
      rootId: actor.rootId, createdAt: actor.createdAt, _version: actor._version, id: null });
});

here('run').textContent = new URLSearchParams(query).get('run');
listen();
wantChart();
`;
