"""People's judgement of samples, after HYPE (Zhou et al. 2019): one image at a time, real or generated?

A study fixes what is shown (``study``), each rater's questions follow from the name (``questions``), each judgement is
on the disk before the next image is shown (``journal``), and what comes out of all of them is worked out from these
files alone (``results``). ``server`` shows it in a browser on this machine.
"""
