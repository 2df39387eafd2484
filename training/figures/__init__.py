"""What the evaluation measures: pictures and their scores, figures of texts, intervals, tables and pages."""
