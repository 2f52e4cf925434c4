/** Every command of the command line, in the order in which help lists them: one is added by a file beside this one, and a line here. */
import type { CliCommand } from '../command.ts';
import { abandonCommand } from './abandon.ts';
import { approvalsCommand } from './approvals.ts';
import { auditCommand } from './audit.ts';
import { cancelCommand } from './cancel.ts';
import { decideCommand } from './decide.ts';
import { diagramCommand } from './diagram.ts';
import { eventsCommand } from './events.ts';
import { explainCommand } from './explain.ts';
import { retryCommand, skipCommand } from './intervene.ts';
import { pauseCommand } from './pause.ts';
import { resumeCommand } from './resume.ts';
import { signalCommand } from './signal.ts';
import { statusCommand } from './status.ts';

export const LINES: readonly CliCommand[] = [
  statusCommand,
  explainCommand,
  eventsCommand,
  auditCommand,
  diagramCommand,
  resumeCommand,
  pauseCommand,
  cancelCommand,
  abandonCommand,
  retryCommand,
  skipCommand,
  signalCommand,
  approvalsCommand,
  decideCommand,
];
