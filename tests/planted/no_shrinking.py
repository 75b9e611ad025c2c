"""A pytest plugin for planted faults: a failing example is enough, the smallest is not needed."""

from hypothesis import Phase, settings

settings.register_profile("planted", phases=[Phase.explicit, Phase.generate], database=None)
settings.load_profile("planted")
