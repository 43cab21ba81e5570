"""How the weights are learnt: procedural data, losses, stages, one resumable trainer."""
