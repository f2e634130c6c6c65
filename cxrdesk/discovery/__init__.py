"""Lists plugins: pluggy and entry points live here and nowhere else."""
