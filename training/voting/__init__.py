"""People's choice between two pictures: the votes, and the page where they are given."""
