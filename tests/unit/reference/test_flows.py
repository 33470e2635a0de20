"""The flows page: every flow with every code that a department may have to send."""

from datetime import date

from hub.reference.flows import flows_reference, the_flows


def test_every_flow_has_its_part_with_all_its_codes_and_titles() -> None:
    flows = the_flows()
    parts = dict(part.split(" ", 1) for part in flows_reference().split("\n## ")[1:])
    assert list(parts) == [flow.flow for flow in flows]
    for flow in flows:
        for items in (flow.papers, flow.replies, flow.outcomes, flow.return_reasons, flow.confirm.papers):
            named = [f"`{item.code}` {item.title} {item.en}" for item in items]
            assert [name for name in named if name not in parts[flow.flow]] == []
        clocks = [f"`{clock.id}` " for clock in flow.clocks]
        assert [clock for clock in clocks if clock not in parts[flow.flow]] == []
        for opening in (opening for openings in flow.opens.values() for opening in openings):
            assert f"`{opening.flow}` ({opening.by} " in parts[flow.flow]
        for role in (*flow.senders, *flow.lead, *flow.co_handlers, *flow.copies):
            assert f"`{role}`" in parts[flow.flow]
        assert f"{flow.law} {'、'.join(flow.articles)}, " in parts[flow.flow]
        assert ("**not verified 未核对**" in parts[flow.flow]) is not flow.verified


def test_replies_stand_in_the_order_in_which_they_are_due() -> None:
    flow = next(flow for flow in the_flows() if flow.flow == "F17")
    wanted = (
        "1. `consent_result` 同意征询结果 Whether the parties consent; "
        "2. `mediation_result` 调解结果 Result of the mediation (final 最终)"
    )
    assert wanted in flows_reference([flow])


def test_flows_are_in_the_order_of_their_numbers() -> None:
    codes = [flow.flow for flow in the_flows()]
    assert (
        codes.index("F4") < codes.index("F4B") < codes.index("F5") < codes.index("F17") < codes.index("LSC")
    )


def test_an_ended_version_says_until_when() -> None:
    flow = the_flows()[0].model_copy(update={"effective_to": date(2027, 12, 31)})
    assert f"{flow.effective_from} – 2027-12-31" in flows_reference([flow])
