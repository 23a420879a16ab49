"""Synthetic card holders, drawn from a seed: the columns of the credit default use case, no real person in them.

A card holder has a limit, a use of that limit and a strain. Strain moves month by month; the repayment statuses, the bills and
the payments follow from it, and so does the default. Month 1 is the latest.
"""

import numpy as np
import pandas as pd

MONTHS = range(1, 7)
CATEGORICAL = ["sex", "education", "marriage"] + [f"repayment_status_{month}" for month in MONTHS]
NUMERIC = (
    ["credit_limit", "age"]
    + [f"bill_amount_{month}" for month in MONTHS]
    + [f"payment_amount_{month}" for month in MONTHS]
)
FEATURES = CATEGORICAL + NUMERIC
TARGET = "default_payment_next_month"

DELAYS = ["delay_1_month"] + [f"delay_{months}_months" for months in range(2, 9)]
STATUSES = ["no_delay", "duly_paid"] + DELAYS


def card_holders(count, seed):
    """`count` card holders as a data frame with the columns FEATURES and TARGET."""
    random = np.random.default_rng(seed)
    columns = people(random, count)
    strain = random.normal(0, 1, count) + 0.35 * (columns["education"] == "high_school")
    usage = np.clip(random.beta(1.1, 1.6, count) + 0.12 * strain, 0, 1.2)
    owed = columns["credit_limit"] * usage
    late = random.integers(0, 3, count)
    for month in reversed(MONTHS):
        strain = 0.85 * strain + random.normal(0, 0.55, count)
        late = np.where(strain > 1.1, np.minimum(late + 1, 8), 0)
        keeps_paid = (usage < 0.12) | (random.random(count) < 0.2)
        status = np.where(keeps_paid, "duly_paid", "no_delay")
        columns[f"repayment_status_{month}"] = np.where(late > 0, np.array(["", *DELAYS])[late.astype(int)], status)
        bill = owed * random.lognormal(0, 0.18, count) + random.normal(0, 40, count) * (random.random(count) < 0.3)
        share = np.where(late > 0, 0.0, np.where(keeps_paid, 1.0, random.beta(1.2, 9, count)))
        paid = np.maximum(bill * share, 0)
        columns[f"bill_amount_{month}"] = np.round(bill, 2)
        columns[f"payment_amount_{month}"] = np.round(paid, 2)
        owed = np.maximum(owed - 0.8 * paid + columns["credit_limit"] * random.exponential(0.03, count), 0)
    columns[TARGET] = defaults(random, columns, late, strain)
    return with_gaps(random, pd.DataFrame(columns)[FEATURES + [TARGET]])


def people(random, count):
    """Who they are: the columns that do not change from month to month."""
    age = np.round(np.clip(random.gamma(9.0, 2.7, count) + 11, 21, 79))
    education = random.choice(["graduate_school", "university", "high_school", "other"], count, p=[0.35, 0.46, 0.17, 0.02])
    married = random.random(count) < 1 / (1 + np.exp(-(age - 34) / 7))
    base = np.where(education == "graduate_school", 10.6, np.where(education == "university", 9.9, 9.5))
    limit = np.exp(random.normal(base, 0.75) + 0.012 * (age - 35))
    return {
        "sex": random.choice(["female", "male"], count, p=[0.6, 0.4]),
        "education": education,
        "marriage": np.where(random.random(count) < 0.012, "other", np.where(married, "married", "single")),
        "credit_limit": np.clip(np.round(limit / 500) * 500, 500.0, 500000.0),
        "age": age,
    }


def defaults(random, columns, late, strain):
    """1 where the next payment fails."""
    bill, limit = columns["bill_amount_1"], columns["credit_limit"]
    score = (
        -1.5 + 0.6 * np.minimum(late, 4) + 0.9 * strain + 0.6 * (bill > 0.9 * limit)
        - 0.9 * (columns["payment_amount_1"] > 0.1 * np.maximum(bill, 1)) - 0.25 * np.log(limit / 20000)
    )
    return (random.random(len(late)) < 1 / (1 + np.exp(-score))).astype(np.int64)


def with_gaps(random, frame):
    """Some fields were never filled in, as in every real table; the pipeline has to impute them."""
    for column, share in [("education", 0.01), ("marriage", 0.01), ("bill_amount_6", 0.02), ("payment_amount_6", 0.02)]:
        frame.loc[random.random(len(frame)) < share, column] = None
    return frame
