"""The rules of debt mediation: functions of values, with the law they come from."""
