"""``preagrement serve``: the simulated world on its own, for black-box vendors and trainers."""
