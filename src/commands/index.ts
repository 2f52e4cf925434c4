/** Every command there is, by its name: one is added by a file beside this one, and a line here. */
import type { CommandMessage } from '../core/message.ts';
import type { TurnPort } from '../core/port.ts';
import type { Status } from '../status.ts';
import { cancel } from './cancel.ts';
import type { Command } from './command.ts';
import { decision as decide } from './decide.ts';
import { resolve, retry, skip } from './intervene.ts';
import { pause, resume } from './pause.ts';
import { signal } from './signal.ts';
import { start } from './start.ts';

const COMMANDS = { start, cancel, pause, resume, retry, skip, resolve, signal, decide } as const;

/** The name of a command. */
export type CommandName = keyof typeof COMMANDS;

export function commandNamed(name: string): Command | undefined {
  return Object.hasOwn(COMMANDS, name) ? (COMMANDS[name as CommandName] as Command<never> as Command) : undefined;
}

/** What a turn does with a command. */
export function takeCommand(port: TurnPort, message: CommandMessage): boolean {
  return commandNamed(message.type)?.take(port, message) ?? false;
}

/** What a run of this status takes. */
export function allowedIn(status: Status): readonly CommandName[] {
  const names = Object.keys(COMMANDS) as CommandName[];
  return Object.freeze(names.filter((name) => COMMANDS[name].refusal(status) === null));
}
