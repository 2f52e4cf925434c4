/** How the page of the inspector looks, on light and dark screens, wide and narrow ones. */
export const STYLE = `
:root{--page:#f6f8fa;--card:#fff;--ink:#1f2328;--soft:#59636e;--edge:#d8dee4;--hover:#f3f5f8;--accent:#0969da;
  --shadow:0 1px 2px rgba(31,35,40,.06);
  font:14px/1.45 ui-sans-serif,system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}
@media(prefers-color-scheme:dark){:root{--page:#010409;--card:#0d1117;--ink:#e6edf3;--soft:#9198a1;--edge:#30363d;
  --hover:#161b22;--accent:#58a6ff;--shadow:none}}
*{box-sizing:border-box}
html,body{height:100%}
body{margin:0;background:var(--page);color:var(--ink);display:flex;flex-direction:column}
header{display:flex;align-items:center;gap:10px;flex-wrap:wrap;padding:10px 18px;background:var(--card);
  border-bottom:1px solid var(--edge)}
.logo{width:22px;height:22px;fill:none;stroke:var(--accent);stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
h1{font-size:16px;margin:0;font-weight:650;overflow-wrap:anywhere}
.quiet{color:var(--soft);font-weight:400;font-size:13px}
.room{flex:1}
.pill{border:1px solid var(--line);background:var(--ground);color:var(--text);border-radius:99px;padding:1px 10px;
  font-size:12.5px;font-weight:600;white-space:nowrap}
.pill:empty{display:none}
#link{display:inline-flex;align-items:center;gap:6px}
#link i{width:8px;height:8px;border-radius:50%;background:#848d97}
#link.live i{background:#2da44e}
#link.lost i{background:#d1242f}
button{font:inherit;font-size:13px;color:var(--ink);background:var(--card);border:1px solid var(--edge);border-radius:7px;
  padding:4px 10px;cursor:pointer}
button:hover{background:var(--hover)}
:focus-visible{outline:2px solid var(--accent);outline-offset:-2px}
main{flex:1;min-height:0;display:flex;flex-direction:column;gap:14px;padding:14px 18px}
section{background:var(--card);border:1px solid var(--edge);border-radius:10px;box-shadow:var(--shadow);min-width:0}
#chart{position:relative;flex:0 1 auto;min-height:170px;max-height:58vh;display:flex}
#drawing{overflow:auto;flex:1}
#drawing>svg{display:block;margin:0 auto}
#whole{position:absolute;top:10px;right:18px}
#whole[aria-pressed=true]{border-color:var(--accent);color:var(--accent)}
.empty{color:var(--soft);padding:0 16px}
.lists{flex:1 1 260px;min-height:260px;display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:14px}
.lists section{display:flex;flex-direction:column;overflow:hidden}
h2{display:flex;align-items:baseline;gap:8px;font-size:13px;font-weight:650;margin:0;padding:9px 14px;
  border-bottom:1px solid var(--edge)}
h2 button{margin-left:auto;padding:0 8px;font-size:12px}
ol{list-style:none;margin:0;padding:4px 0;overflow:auto;flex:1}
#actors button{display:flex;width:100%;gap:8px;align-items:baseline;border:0;border-radius:0;background:none;text-align:left;
  padding:3px 14px}
#actors button:hover,#actors button[aria-pressed=true]{background:var(--hover)}
#actors button[aria-pressed=true]{box-shadow:inset 3px 0 var(--accent)}
.sign{flex:none;width:14px;text-align:center;color:var(--text);font-weight:700}
.name{flex:none;max-width:60%;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.track .name{font-weight:650}
.more{flex:0 1 auto;min-width:0;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;color:var(--soft);font-size:12px}
.state{flex:none;margin-left:auto;color:var(--text);font-size:12.5px}
.bar{flex:none;align-self:center;display:flex;width:84px;height:7px;border-radius:4px;overflow:hidden;background:var(--edge)}
.bar i{background:var(--line)}
#events li{display:flex;gap:10px;align-items:baseline;padding:2px 14px}
#events time{flex:none;color:var(--soft);font-size:12px;font-variant-numeric:tabular-nums}
#events .where{min-width:0;font-size:13px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
#events .happened{flex:none;margin-left:auto;color:var(--text);font-size:12.5px}
#detail{flex:none;max-height:45%;overflow:auto;margin:0;padding:10px 14px;border-bottom:1px solid var(--edge);
  font:12px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere}
[hidden]{display:none!important}
@media(max-width:820px),(max-height:640px){html,body{height:auto}#chart{max-height:70vh}
  .lists{flex:none}.lists section{height:60vh}}
@media(max-width:820px){.lists{grid-template-columns:minmax(0,1fr)}header,main{padding-inline:12px}}
`;
