/**
 * The page of the inspector: what one sees first is the chart of the orchestrator with the run upon it, and below it the tracks and steps
 * and the events as they come. It stands by itself: nothing is loaded from anywhere else, and nothing of a run is written into it.
 */
import { WORDS } from '../charts/marks.ts';
import { COLOURS, SIGNS, type Tone, TONES } from '../charts/tones.ts';
import { SCRIPT } from './page-script.ts';
import { STYLE } from './page-style.ts';

/** The page, and what it may do. `nonce` lets in its own script and styles, and no others. */
export function inspectorPage(nonce: string): { readonly html: string; readonly policy: string } {
  const words = JSON.stringify({ tones: TONES, signs: SIGNS, words: WORDS });
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Signalbox</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${toneStyles()}${STYLE}</style>
</head>
<body>
<header>
  <svg class="logo" viewBox="0 0 24 24" aria-hidden="true"><path d="M5 21V3M5 6h9l5 3-5 3H5"/></svg>
  <h1 id="run"></h1>
  <span id="what" class="quiet"></span>
  <span id="status" class="pill tone-plain" role="status"></span>
  <span class="room"></span>
  <span id="link" class="quiet"><i></i><span></span></span>
  <button id="stately" type="button" title="Opens stately.ai in a new window and hands it what this page has been sent, in this browser. The address of this page is not told.">Open in Stately’s inspector</button>
</header>
<main>
  <section id="chart" aria-label="Chart of the orchestrator">
    <div id="drawing" tabindex="0"><p class="empty">The chart is being drawn…</p></div>
    <button id="whole" type="button" aria-pressed="false">whole chart</button>
  </section>
  <div class="lists">
    <section aria-labelledby="actors-title">
      <h2 id="actors-title">Tracks and steps <span id="actors-count" class="quiet"></span></h2>
      <ol id="actors" tabindex="0"></ol>
    </section>
    <section aria-labelledby="events-title">
      <h2 id="events-title"><span>Events</span> <span id="events-count" class="quiet"></span><button id="all" type="button" hidden>show all</button></h2>
      <pre id="detail" tabindex="0" hidden></pre>
      <ol id="events" tabindex="0"></ol>
    </section>
  </div>
</main>
<script nonce="${nonce}">const LOOKS = ${words};${SCRIPT}</script>
</body>
</html>
`;
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return { html, policy };
}

/** The colours of statuses, as drawings have them. */
function toneStyles(): string {
  const tones = Object.entries(COLOURS) as [Tone, (typeof COLOURS)[Tone]][];
  const rule = (tone: Tone, [line, ground, text]: readonly string[]): string =>
    `.tone-${tone}{--line:${line};--ground:${ground};--text:${text}}`;
  const light = tones.map(([tone, colours]) => rule(tone, colours)).join('');
  const dark = tones.map(([tone, colours]) => rule(tone, colours.slice(3))).join('');
  return `${light}@media(prefers-color-scheme:dark){${dark}}`;
}
