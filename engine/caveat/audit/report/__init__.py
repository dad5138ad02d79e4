"""What people who must answer for a feed ask of the trail, and what it says: the fifteen answers, and the rows behind them."""
