"""Stories in files, played through the core and through whole gates."""
