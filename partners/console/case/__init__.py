"""What the page of a case shows of its measures, and what a person does there."""
