/**
 * The line for limits (S30, S35): who begins next. Pure: it does nothing but answer, and time is handed in.
 *
 * - **L1** No limit is exceeded.
 * - **L2** Nobody who could begin stands in line while there is room (after `next` has answered null).
 * - **L3** A higher priority goes first; within one the groups in turn, by weight; within a group first come, first served.
 *
 * Bodies under the same limits, keys apart, stand in one *queue*. Queues are few, as many as definitions with limits are
 * put together. A queue that finds a limit reached is set aside until there is room. Keys may be many: who finds the
 * limit of a key reached waits in a *pocket* before its gate, which sends as many into the queue as there is room for.
 * So a pick costs the logarithm of what waits, whatever the number of keys.
 */
import { Heap } from '../../heap.ts';
import type { LimitDefinition } from '../../limits.ts';
import { FairLine, isBefore } from './fair-line.ts';
import { Gate } from './gate.ts';
import { Ranked } from './ranked.ts';
import { Shares } from './shares.ts';
import type { Claim, Limit, Pocket, Queue, Ticket } from './ticket.ts';

/** When a gate was to open at the time that it was looked at. */
interface Opening {
  readonly at: number;
  readonly gate: Gate;
}

const NO_GATES: readonly Gate[] = Object.freeze([]);
const NOBODY: readonly never[] = Object.freeze([]);
/** How many rates of keys that nothing is under are looked at when one is added. */
const SOME = 2;

export class Limits<T> {
  readonly #box: Gate;
  readonly #gates = new Map<string, Gate>();
  readonly #queues = new Map<string, Queue>();
  readonly #shares = new Shares();
  /** Queues that somebody stands in and that no limit holds up, as far as is known. */
  readonly #ready = new Ranked<Queue>(isBefore);
  readonly #openings = new Heap<Opening>((left, right) => left.at - right.at);
  /** Rates of keys that nothing is under: they are remembered until all of them is there again. */
  readonly #spare = new Set<Gate>();
  #waiting = 0;
  #seq = 0;

  /** `concurrency` is how many bodies may run at once, whatever they are. */
  constructor(concurrency: number) {
    const rule: LimitDefinition = {
      limit: concurrency,
      per: null,
      burst: 1,
      key: undefined,
      whenFull: 'wait',
      queue: Number.POSITIVE_INFINITY,
    };
    this.#box = new Gate('', rule, { of: 'box', name: null, key: null, limit: concurrency, per: null });
  }

  /** How many stand in line, how many have begun, and how many limits there are, those of keys included. */
  get counts(): { readonly waiting: number; readonly running: number; readonly gates: number } {
    return { waiting: this.#waiting, running: this.#box.inUse, gates: this.#gates.size };
  }

  /** The queue of all that are under these limits. It is the same for the same limits. */
  queueFor(limits: readonly Limit[]): Queue {
    const name = JSON.stringify(limits.map(({ id }) => id));
    let queue = this.#queues.get(name);
    const gates = limits.length === 0 ? NO_GATES : limits.map((limit) => this.#gateOf(limit, 0));
    if (queue !== undefined) return queue;
    // They stay, so that a queue can be kept by whoever asks.
    for (const gate of gates) gate.refs += 1;
    const isCrowded = gates.some(({ crowd }) => crowd !== null);
    queue = {
      gates,
      isCrowded,
      line: new FairLine(this.#shares),
      blockedBy: null,
      at: -1,
      priority: 0,
      pass: 0,
      seq: 0,
    };
    this.#queues.set(name, queue);
    return queue;
  }

  /** Puts a body in line, or turns it away; it has begun at once if nobody is before it. After it, `next` says who begins. */
  enter(body: T, claim: Claim, now: number): Ticket<T> {
    const { keyed } = claim;
    this.#seq += 1;
    const ticket: Ticket<T> = {
      seq: this.#seq,
      claim,
      strand: null,
      before: null,
      after: null,
      body,
      keys: keyed.length === 0 ? NO_GATES : keyed.map((limit) => this.#gateOf(limit, now)),
      refusedBy: null,
      replaced: NOBODY,
      state: 'over',
      pocket: null,
      sentBy: null,
    };
    this.#admit(ticket, now);
    return ticket;
  }

  #admit(ticket: Ticket<T>, now: number): void {
    const { keys } = ticket;
    const { queue } = ticket.claim;
    if (queue.isCrowded || keys.length > 0) {
      ticket.refusedBy = queue.gates.find(turnsAway) ?? keys.find(turnsAway) ?? null;
      if (ticket.refusedBy !== null) {
        for (const gate of keys) this.#spared(gate, now);
        return;
      }
      for (const gate of keys) gate.refs += 1;
      for (const gate of queue.gates) this.#makeWay(gate, ticket, now);
      for (const gate of keys) this.#makeWay(gate, ticket, now);
    }
    ticket.state = 'inLine';
    this.#waiting += 1;
    if (this.#waiting === 1 && this.#box.isOpen(now) && !isShut(queue.gates, now) && !isShut(keys, now)) {
      return this.#begin(ticket, now);
    }
    if (queue.isCrowded) for (const { crowd } of queue.gates) crowd?.inLine.add(ticket);
    for (const { crowd } of keys) crowd?.inLine.add(ticket);
    this.#place(ticket, null, now);
  }

  /** Who begins now: its places are taken. Null if nobody can. */
  next(now: number): Ticket<T> | null {
    this.#open(now);
    while (this.#box.isOpen(now)) {
      const queue = this.#best();
      if (queue === undefined) return null;
      const closed = shutIn(queue.gates, now);
      if (closed !== null) {
        this.#ready.remove(queue);
        queue.blockedBy = closed;
        closed.blocked.add(queue);
        this.#lookAgain(closed);
        continue;
      }
      const ticket = queue.line.peek() as Ticket<T>;
      const reached = shutIn(ticket.keys, now);
      queue.line.pop(reached === null);
      const { sentBy } = ticket;
      ticket.sentBy = null;
      if (reached === null) this.#begin(ticket, now);
      else this.#intoPocket(ticket, reached);
      if (sentBy !== null) this.#back(sentBy, now);
      if (reached === null) return ticket;
    }
    return null;
  }

  /** It has ended, or is wanted no longer. Once is enough. */
  leave(ticket: Ticket<T>, now: number): void {
    const { state, keys } = ticket;
    const { queue } = ticket.claim;
    if (state === 'over') return;
    ticket.state = 'over';
    if (queue.isCrowded) for (const { crowd } of queue.gates) crowd?.[state].delete(ticket);
    for (const { crowd } of keys) crowd?.[state].delete(ticket);
    if (state === 'inLine') this.#leaveLine(ticket, now);
    else {
      this.#box.give();
      // All of them first: who waits for two of them would find one reached otherwise.
      for (const gate of queue.gates) gate.give();
      for (const gate of keys) gate.give();
      for (const gate of queue.gates) this.#hasRoom(gate, now);
      for (const gate of keys) this.#hasRoom(gate, now);
    }
    for (const gate of keys) {
      gate.refs -= 1;
      this.#spared(gate, now);
    }
  }

  /** When somebody may begin by the passing of time alone; null if nobody waits for that. */
  get opensAt(): number | null {
    for (let first = this.#openings.peek(); first !== undefined; first = this.#openings.peek()) {
      if (first.gate.isAwaited) return first.at;
      first.gate.isTimed = false;
      this.#openings.pop();
    }
    return null;
  }

  /** The gate that keeps it in line; null if it is not in line, or next. */
  heldUpBy(ticket: Ticket<T>, now: number): Gate | null {
    if (ticket.state !== 'inLine') return null;
    const other = shutIn(ticket.keys, now) ?? shutIn(ticket.claim.queue.gates, now);
    return other ?? (this.#box.isOpen(now) ? (ticket.pocket?.gate ?? null) : this.#box);
  }

  #begin(ticket: Ticket<T>, now: number): void {
    const { keys } = ticket;
    const { queue } = ticket.claim;
    ticket.state = 'begun';
    this.#waiting -= 1;
    this.#box.take(now);
    for (const gate of queue.gates) this.#take(gate, ticket, now);
    for (const gate of keys) this.#take(gate, ticket, now);
  }

  #take(gate: Gate, ticket: Ticket, now: number): void {
    gate.take(now);
    if (gate.isRate && gate.isAwaited) this.#lookAgain(gate);
    if (gate.crowd === null) return;
    gate.crowd.inLine.delete(ticket);
    gate.crowd.begun.add(ticket);
  }

  /** Into its queue, or before the first of its keys' gates that is shut. */
  #place(ticket: Ticket, sentBy: Pocket | null, now: number): void {
    const { keys } = ticket;
    const { queue } = ticket.claim;
    const shut = shutIn(keys, now);
    if (shut !== null) return this.#intoPocket(ticket, shut);
    if (sentBy !== null) {
      sentBy.sent += 1;
      sentBy.level = ticket.claim.priority;
      ticket.sentBy = sentBy;
    }
    queue.line.push(ticket);
    if (queue.blockedBy === null) this.#rank(queue);
    else this.#lookAgain(queue.blockedBy);
  }

  #intoPocket(ticket: Ticket, gate: Gate): void {
    const { queue } = ticket.claim;
    let pocket = gate.pockets.get(queue);
    if (pocket === undefined) {
      const line = new FairLine<Ticket>(new Shares());
      pocket = { gate, queue, line, sent: 0, level: Number.NEGATIVE_INFINITY };
      gate.pockets.set(queue, pocket);
    }
    ticket.pocket = pocket;
    pocket.line.push(ticket);
    this.#lookAgain(gate);
  }

  /** Sends as many from a pocket as its gate has room for, and whoever has a higher priority than those that it has sent. */
  #send(pocket: Pocket, now: number): void {
    const { gate, line } = pocket;
    const free = gate.free(now);
    for (let first = line.first(); first !== undefined && free > 0; first = line.first()) {
      if (pocket.sent >= free && first.priority <= pocket.level) break;
      const ticket = line.pop(true) as Ticket;
      ticket.pocket = null;
      this.#place(ticket, pocket, now);
    }
    if (line.size === 0 && pocket.sent === 0) gate.pockets.delete(pocket.queue);
  }

  /** One that a pocket has sent is out of the queue. */
  #back(pocket: Pocket, now: number): void {
    pocket.sent -= 1;
    if (pocket.sent === 0) pocket.level = Number.NEGATIVE_INFINITY;
    this.#send(pocket, now);
  }

  #hasRoom(gate: Gate, now: number): void {
    if (gate.blocked.size > 0) {
      for (const queue of gate.blocked) {
        queue.blockedBy = null;
        this.#rank(queue);
      }
      gate.blocked.clear();
    }
    if (gate.pockets.size > 0) for (const pocket of [...gate.pockets.values()]) this.#send(pocket, now);
  }

  #leaveLine(ticket: Ticket<T>, now: number): void {
    const { pocket, sentBy, claim } = ticket;
    const { queue } = claim;
    this.#waiting -= 1;
    ticket.pocket = null;
    ticket.sentBy = null;
    (pocket ?? queue).line.drop(ticket);
    if (sentBy !== null) this.#back(sentBy, now);
    if (pocket !== null && pocket.line.size === 0 && pocket.sent === 0) pocket.gate.pockets.delete(queue);
  }

  /** Sees to it that a limit that opens by time is looked at when it does. */
  #lookAgain(gate: Gate): void {
    if (!gate.isRate || gate.isTimed) return;
    gate.isTimed = true;
    this.#openings.push({ at: gate.opensAt, gate });
  }

  /** Limits that time has opened. */
  #open(now: number): void {
    for (let first = this.#openings.peek(); first !== undefined && first.at <= now; first = this.#openings.peek()) {
      const { gate } = first;
      this.#openings.pop();
      gate.isTimed = false;
      if (!gate.isAwaited) continue;
      if (gate.isOpen(now)) this.#hasRoom(gate, now);
      else this.#lookAgain(gate);
    }
  }

  /** The queue whose first one is next; one rank at a time is brought up to date, since ranks only get worse by themselves. */
  #best(): Queue | undefined {
    for (let queue = this.#ready.peek(); queue !== undefined; queue = this.#ready.peek()) {
      const first = queue.line.first();
      if (first === undefined) this.#ready.remove(queue);
      else if (queue.pass === first.pass && queue.seq === first.seq && queue.priority === first.priority) return queue;
      else this.#rank(queue);
    }
    return undefined;
  }

  #rank(queue: Queue): void {
    const first = queue.line.first();
    if (first === undefined) return this.#ready.remove(queue);
    if (queue.at !== -1 && queue.pass === first.pass && queue.seq === first.seq && queue.priority === first.priority) {
      return;
    }
    queue.priority = first.priority;
    queue.pass = first.pass;
    queue.seq = first.seq;
    this.#ready.put(queue);
  }

  #makeWay(gate: Gate, ticket: Ticket<T>, now: number): void {
    const { crowd, rule } = gate;
    if (crowd === null || rule.whenFull !== 'replaceOldest' || !isCrowded(gate)) return;
    const [first] = rule.queue > 0 && crowd.inLine.size > 0 ? crowd.inLine : oldestOf(gate);
    const oldest = first as Ticket<T>;
    this.leave(oldest, now);
    ticket.replaced = [...ticket.replaced, [oldest, gate]];
  }

  #gateOf({ id, rule, called }: Limit, now: number): Gate {
    let gate = this.#gates.get(id);
    if (gate === undefined) {
      if (called.key !== null) this.#sweep(now);
      gate = new Gate(id, rule, called);
      this.#gates.set(id, gate);
    } else if (gate.rule !== rule) gate.tighten(rule);
    this.#spare.delete(gate);
    return gate;
  }

  #spared(gate: Gate, now: number): void {
    if (gate.refs > 0) return;
    if (gate.isSpare(now)) this.#gates.delete(gate.id);
    else this.#spare.add(gate);
  }

  #sweep(now: number): void {
    let left = SOME;
    for (const gate of this.#spare) {
      if (left === 0) return;
      left -= 1;
      this.#spare.delete(gate);
      this.#spared(gate, now);
    }
  }
}

/** The first of these gates that is shut. */
function shutIn(gates: readonly Gate[], now: number): Gate | null {
  for (let at = 0; at < gates.length; at += 1) {
    const gate = gates[at] as Gate;
    if (!gate.isOpen(now)) return gate;
  }
  return null;
}

function isShut(gates: readonly Gate[], now: number): boolean {
  return shutIn(gates, now) !== null;
}

const crowdOf = ({ crowd }: Gate): number => (crowd === null ? 0 : crowd.inLine.size + crowd.begun.size);

function isCrowded(gate: Gate): boolean {
  return gate.crowd !== null && crowdOf(gate) >= gate.limit + gate.rule.queue;
}

function turnsAway(gate: Gate): boolean {
  return gate.rule.whenFull === 'dropNewest' && isCrowded(gate);
}

/** The one of all under it that came first: those that have begun came before those in line, but for priorities. */
function oldestOf({ crowd }: Gate): Iterable<Ticket> {
  const [begun] = crowd?.begun ?? [];
  const [inLine] = crowd?.inLine ?? [];
  if (begun === undefined || inLine === undefined) return [begun ?? inLine].filter((each) => each !== undefined);
  return [begun.seq < inLine.seq ? begun : inLine];
}
