import ScorerServer

print(eventVersion())
