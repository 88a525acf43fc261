"""The pages: what a clinician opens from a card, the coordinator's, and the demo; plain HTML, CSS and JavaScript.

No build step and no outside network: every page is the files in ``page/``, and nothing in it may come from anywhere
else. The pages of ``/app`` are served always and hold nothing of a patient; what they show comes from ``/api``, to
which they prove themselves. The demo is mounted only where the setting ``CDS_DEMO_CHARTS`` names a folder of charts.
"""

from cds.web.charts import DemoChart, demo_day, load_charts
from cds.web.demo import demo_router
from cds.web.pages import Told, page_router

__all__ = ["DemoChart", "Told", "demo_day", "demo_router", "load_charts", "page_router"]
