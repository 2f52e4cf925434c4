/**
 * The program `signalbox`: this process as a terminal, and the exit code. What it runs is loaded late, so that a Node which is
 * too old is told so in a line.
 */
import { terminalOf } from './terminal.ts';

const terminal = terminalOf(process);
try {
  const { run } = await import('./cli.ts');
  process.exitCode = await run(process.argv.slice(2), terminal);
} catch (error) {
  terminal.err(`signalbox: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
// A body that does not heed its signal would keep the process; what was written leaves before.
process.stdout.write('', () => {
  if (terminal.lost !== null) {
    terminal.err(`signalbox: what it says could not be written: ${terminal.lost.message}\n`);
    process.exitCode = 2;
  }
  process.stderr.write('', () => process.exit());
});
