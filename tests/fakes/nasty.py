"""What a hostile file, plugin or row may be called, or say: every output is tried on all of it."""

from __future__ import annotations

NASTY = (
    *("../../../x", "a|b", "a | b || c |", "trailing\\", "\\| \\\\|", "two\nlines", "a\r\nb", "a\rb", "tab\tbed"),
    *("\x00nul", "<img src=x onerror=alert(1)>", "<script>alert(1)</script>", "</table>", "<!-- "),
    *("&lt;b&gt; &#124;", "a<b>c", "=cmd|' /C calc'!A0", "+1+1", "-1+cmd", "@SUM(1)", "\t=1", "\r=1", "\n=1"),
    *('=HYPERLINK("http://x","y")', "-x", "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x1b[2J\x1b[H", "\x9b31m"),
    *("bell\x07", "back\x08\x08\x08", "\x7f", "right\u202eleft", "\u2066isolated\u2069", "\u2028line"),
    *("\ufeffmark", "[red]rich[/red]", "[/]", "[link=x]y[/link]", "`code`", "``two``", "`"),
    *("*bold* _it_ **b** ~~s~~", "[a](javascript:alert(1))", "![i](http://x/y.png)", "[a]: b", "# heading"),
    *("- list", "+ list", "1. list", "1) list", "> quote", "---", "===", "***", ":-:", "~~~", "```", "    x"),
    *("$x_1$", "${HOME}", "{task}", "%s %d", "'=x", "''", '"', ",", ";", "Error: all is well", " ", "x" * 5000),
)
