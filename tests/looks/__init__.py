"""The dashboards as they look in simulated outages: previews and pictures (`make dashboards-look`)."""
