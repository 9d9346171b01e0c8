"""Pictures of what a model looked at: sheets (PNG), a page to explore (HTML), the run that makes
them."""
