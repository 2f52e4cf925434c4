/** The program `signalbox`: this process as a terminal, and the exit code. */
import { run } from './cli.ts';
import { terminalOf } from './terminal.ts';

process.exitCode = await run(process.argv.slice(2), terminalOf(process));
// A body that does not heed its signal would keep the process; what was written leaves before.
process.stdout.write('', () => process.stderr.write('', () => process.exit()));
