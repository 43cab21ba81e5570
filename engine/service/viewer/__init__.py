"""The viewer's process: clips opened, pictures for the page, exports. No torch; a bad file ends it alone."""
