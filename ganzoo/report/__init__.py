"""``ganzoo report``: one folder of pages that a browser opens from the disk, made of leaderboards and run store."""
