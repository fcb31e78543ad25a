"""Decides who may send, and turns bodies into messages; used by `receive` and by replays."""
