"""The job edge: arq functions that parse, call one service function and map the outcome."""
