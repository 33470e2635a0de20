"""The frame of a bundle's page: no script, nothing fetched, printable; the language is switched by a radio button."""

STYLE = """
:root{color-scheme:light;--ink:#1b1b1b;--soft:#5c5c5c;--line:#d5d0c8;--ground:#faf8f4;--mark:#8c1c13}
*{box-sizing:border-box}
body{margin:0 auto;max-width:66rem;padding:1.5rem;color:var(--ink);background:var(--ground);
 font:15px/1.65 "Noto Sans CJK SC","Source Han Sans SC","Microsoft YaHei","PingFang SC",sans-serif}
h1{font-size:1.5rem;margin:.2rem 0}h2{font-size:1.15rem;margin:2rem 0 .5rem;border-bottom:2px solid var(--mark)}
table{border-collapse:collapse;width:100%;background:#fff}th,td{border:1px solid var(--line);padding:.35rem .5rem;
 text-align:left;vertical-align:top;overflow-wrap:anywhere}th{background:#f1ede6;font-weight:600}th:first-child{white-space:nowrap}
tr{break-inside:avoid}thead{display:table-header-group}
.n{white-space:nowrap}.soft{color:var(--soft);font-size:.88em}.hash{font-family:ui-monospace,monospace;font-size:.82em}
.note{background:#fff;border-left:4px solid var(--mark);padding:.5rem .8rem;margin:.8rem 0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem .8rem;margin:.3rem 0}dt{color:var(--soft)}dd{margin:0;
 overflow-wrap:anywhere}ul{margin:.2rem 0;padding-left:1.2rem}
.lang{float:right}.lang label{border:1px solid var(--line);padding:.2rem .6rem;cursor:pointer;background:#fff}
input[name=lang]{position:absolute;opacity:0}
.en{display:none}#en:checked~main .en{display:revert}#en:checked~main .zh{display:none}
#zh:checked~.lang label[for=zh],#en:checked~.lang label[for=en]{background:var(--mark);color:#fff}
input[name=lang]:focus-visible~.lang label{outline:2px solid var(--ink)}
@media(max-width:46rem){td,th{padding:.25rem}dl{grid-template-columns:1fr}}
@media print{@page{size:A4;margin:14mm}body{background:#fff;padding:0;font-size:10.5pt;max-width:none}.lang{display:none}}
"""

HEAD = (
    '<!doctype html>\n<html lang="zh-CN">\n<head>\n<meta charset="utf-8">\n'
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
    '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
    '<meta name="referrer" content="no-referrer">\n'
)
SWITCH = (
    '<input type="radio" name="lang" id="zh" checked><input type="radio" name="lang" id="en">\n'
    '<div class="lang"><label for="zh">中文</label><label for="en">English</label></div>\n'
)
