"""What was judged, written down for people and machines."""
