"""Many lines at once: blocks of whole lines, judged in order by one process or by several, and routed byte for byte."""
