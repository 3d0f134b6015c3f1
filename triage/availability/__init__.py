"""Is it still there? Verdicts with evidence, and what a series of them proves.

``check_from_report`` (evidence) -> ``judge_check`` (verdict) -> ``draw_conclusion`` (conclusion),
with the rules of an organisation in ``load_policy`` (policy) and the time of the next look in
``schedule``.
"""
