"""What `evaluate` is made of: what is asked, who writes, figures of texts, intervals, tables and the page."""
