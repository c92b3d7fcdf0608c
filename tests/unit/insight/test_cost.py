"""The page says what the cost model says. That the model says what is counted is in tests/budget."""

from __future__ import annotations

from decimal import Decimal

from fanfare.channels import CHANNELS
from fanfare.insight import cost

from bench import cost as made


def test_a_message_to_one_person_takes_less_than_a_quarter_of_what_ses_does() -> None:
    assert made.ours(made.each_a_message(limited=True)) < Decimal("0.25") * 160


def test_every_channel_has_its_counts() -> None:
    assert cost.COUNTED.keys() == cost.PROVIDER_WAITS.keys() == CHANNELS.keys()


def test_the_page_is_up_to_date() -> None:
    assert made.PAGE.read_text() == made.page()


def test_a_part_of_the_bill_is_its_count_times_its_price() -> None:
    lines = cost.estimate({"email": 1_000}, {"email": 1_000}, limited=False, prices={})
    amounts = {line.price.unit: (line.quantity, line.amount) for line in lines}
    assert amounts["e-mails"] == (1_000, Decimal("0.16"))
    units = 1_257 + 1_200  # of the message, and 1.2 for each receipt
    assert amounts["write units"] == (units, Decimal("0.625") * units / 1_000_000)
    assert amounts["API requests"][0] == 1


def test_a_million_in_the_model_is_a_million_on_the_page() -> None:
    lines = cost.estimate({}, {"inbox": 1_000_000}, limited=True, prices={})
    (row,) = (row for row in made.rows() if row[0] == "inbox, with a limit")
    assert f"**{sum(line.amount for line in lines):.2f}**" in row


def test_infrastructure_is_under_five_hundredths_of_what_ses_takes() -> None:
    for limited in (False, True):
        takes = [cost.of_channel("email", limited=limited), cost.of_receipts()]
        ours = sum(made.ours(each) for each in takes)
        assert ours < Decimal("0.05") * 100  # à la carte, the cheaper plan
